//! The app listener: every request from its head through our door or Twilio's to its answer, its metrics and its line in the log.

use std::sync::Arc;

use hyper::{
    Request, Version,
    header::{CONNECTION, HeaderValue},
};

use super::{
    Inbound, Reply,
    calls::{Answered, app::App, exchange::Exchange},
    twilio,
};

impl App {
    /// Answers one request.
    pub async fn handle(self: Arc<Self>, request: Request<Inbound>) -> Reply {
        let (mut exchange, body) = Exchange::begin(request);
        let mut answered = if !self.twilio.is_empty() && exchange.head.uri.path().starts_with(twilio::PREFIX) {
            let answered = Box::pin(twilio::answer(&self, &mut exchange, body)).await;
            answered.unwrap_or_else(|problem| twilio::refused(problem, &exchange))
        } else {
            let answered = self.answer(&mut exchange, body).await;
            answered.unwrap_or_else(|problem| Answered::problem(problem, &exchange.id))
        };
        if exchange.head.version < Version::HTTP_2 && self.draining.begun() {
            // The peer comes back over a new connection, so none is cut off in the middle when the listener closes.
            answered.reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        exchange.finish(&self.metrics, "app", answered)
    }
}
