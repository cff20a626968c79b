//! The same under a sidecar that is killed, and keeps no positions: its trail says how far it went.

use super::{How, Place, Sidecars, answered, works};
use crate::support::{Redis, trail::TrailDir, wait};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_goes_on_with_its_trail_knows_what_it_wrote() {
    for how in [How::Reload, How::Swap] {
        let mut place = Place::One(Redis::with(how.options()));
        let mut sidecars = Sidecars::start(&place.url(), 1, Some(TrailDir::new()));
        let client = &sidecars.clients()[0];
        let used = place.issue(how, client).await;
        place.keep(how);
        client.check_id(&used.id, &used.code).await.approved();
        let written = || sidecars.events().iter().any(|event| event["type"] == "check").then_some(());
        wait::until("the trail to have it", wait::PATIENCE, written);
        sidecars.running.clear();
        place.happen(how);
        sidecars.start_again();
        let client = &sidecars.clients()[0];
        answered(client, &used).await.rejected("expired", "expired");
        works(client, "bob").await;
        sidecars.end();
    }
}
