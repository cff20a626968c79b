//! Budgets of where codes go (`lua/budget.lua`): charged before a send is decided, each in the bucket of its own name.

use redis::Value;

use super::{Store, StoreError, call::Command, connection::Lane, functions, key::OfReference, limits::millis};
use crate::{
    event::Bucket,
    policy::Quota,
    secret::{Generation, Reference},
};

impl Store {
    /// Charges an issue to a budget; answers, where there is no room, for how many ms there will be none.
    ///
    /// # Errors
    /// [`StoreError`]: it may be charged.
    pub async fn charge_budget(
        &self,
        budget: &Reference,
        generation: &Generation,
        quota: Quota,
    ) -> Result<Option<u64>, StoreError> {
        let (most, window) = (quota.max.to_string(), millis(quota.window).to_string());
        let args: [&[u8]; 3] = [&generation.0, most.as_bytes(), window.as_bytes()];
        let keys = [OfReference::Budget.key(budget)];
        let mut reply = self.decide(&functions::BUDGET, Bucket::of(budget), &keys, &args).await?;
        let (charged, wait) = (reply.int()? == 1, reply.natural()?);
        Ok((!charged).then_some(wait))
    }

    /// Gives an issue back to a budget; may be said again.
    ///
    /// # Errors
    /// [`StoreError`]: it stays charged, for its window at most.
    pub async fn give_back_budget(&self, budget: &Reference, generation: &Generation) -> Result<(), StoreError> {
        let removing = Command::new(Bucket::of(budget), "ZREM", OfReference::Budget.key(budget)).arg(&generation.0);
        self.command::<Value>(Lane::Background, functions::BUDGET.name, removing).await.map(drop)
    }
}
