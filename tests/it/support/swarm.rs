//! Many connections, released together.

use std::sync::Arc;

use serde_json::Value;
use tokio::{sync::Barrier, task::JoinSet};

use super::{Answer, Client};

/// Open connections, spread over the clients they were made from.
#[derive(Debug)]
pub struct Swarm {
    clients: Vec<Arc<Client>>,
}

impl Swarm {
    /// Opens `count` connections, in turn to each of `to`.
    pub async fn open(to: &[Client], count: usize) -> Self {
        let mut clients = Vec::new();
        for client in to.iter().cycle().take(count) {
            let client = client.clone();
            client.get("/livez").await.is(200);
            clients.push(Arc::new(client));
        }
        Self { clients }
    }

    /// Posts each body on a connection of its own, all at once; answers in the order of the bodies.
    ///
    /// # Panics
    /// If there are more bodies than connections, or one gets no answer.
    pub async fn post(&self, path: &'static str, bodies: Vec<Value>) -> Vec<Answer> {
        assert!(bodies.len() <= self.clients.len());
        let start = Arc::new(Barrier::new(bodies.len()));
        let mut tasks = JoinSet::new();
        for (index, (body, client)) in bodies.into_iter().zip(&self.clients).enumerate() {
            let (client, start) = (Arc::clone(client), Arc::clone(&start));
            tasks.spawn(async move {
                start.wait().await;
                (index, client.post(path, &body).await)
            });
        }
        let mut answers = tasks.join_all().await;
        answers.sort_by_key(|(index, _)| *index);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }
}
