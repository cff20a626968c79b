//! Judges whether the data of a bucket went back to something earlier, by what was found and what was known before.
//!
//! | found | so |
//! |---|---|
//! | the fingerprint of another index key | unusable: nothing is written there |
//! | nothing, and nothing is known | new |
//! | owner or epoch gone, or the stream though it had events | fenced: gone |
//! | the server was promoted over the owner's data: it was its replica | fenced: failover |
//! | an epoch below that of the last event (0: a function saw it), or fewer events than were known | fenced: behind |
//! | the same server and the same run of it | whole, and kept where it took another replication id |
//! | a primary that lives has the owner's replication id: the slot moved | kept |
//! | a run that began with all that was written, of which something is known | kept |
//! | anything else | fenced: restart, or moved where another server lives there |

use super::{positions::Position, replication::ReplicationInfo};
use crate::event::Cause;

/// A process that has run for less is taken to have been started anew, s. Only a word of the event hangs on it.
const STARTED: u64 = 60;

/// What lies in a bucket.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The owner's key; empty where there is none.
    pub(super) owner: Vec<u8>,
    /// The epoch's key; empty where there is none.
    pub(super) epoch: Vec<u8>,
    /// The position behind the last event that its stream had; `None` where there is no stream.
    pub(super) last: Option<Position>,
}

impl Found {
    /// The epoch, if there is one: below 2^48.
    pub(super) fn epoch(&self) -> Option<u64> {
        std::str::from_utf8(&self.epoch).ok()?.parse().ok().filter(|epoch: &u64| epoch >> 48 == 0)
    }

    /// How far its events went.
    pub(super) fn position(&self) -> Position {
        let epoch = self.epoch().unwrap_or(0);
        // A function found it behind, and took one back (`lua/lib/event.lua`).
        if let Some(last) = self.last.filter(|_| epoch == 0) {
            return Position { events: last.events.saturating_sub(1), ..last };
        }
        let events = self.last.filter(|last| last.epoch == epoch).map_or(0, |last| last.events);
        Position { epoch, events }
    }

    /// Whose the bucket was.
    pub(super) fn owner(&self) -> Option<Owner> {
        Owner::read(&self.owner)
    }
}

/// The owner of a bucket is one run of one server, with the data of one index key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    /// Its replication id.
    pub(super) id: String,
    /// Its run id.
    pub(super) run: String,
    /// The index key's fingerprint; empty where an earlier version noted the owner.
    pub(super) key: String,
}

impl Owner {
    /// The server that was asked, with data of this index key.
    pub(super) fn of(found: &ReplicationInfo, key: &str) -> Self {
        Self { id: found.id.clone(), run: found.run_id.clone(), key: key.to_owned() }
    }

    /// As it is stored: ids of 40 hex digits each, then the fingerprint, in hex.
    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.id.as_bytes(), self.run.as_bytes(), self.key.as_bytes()].concat()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (id, rest) = std::str::from_utf8(bytes).ok()?.split_at_checked(40)?;
        let (run, key) = rest.split_at_checked(40)?;
        Some(Self { id: id.to_owned(), run: run.to_owned(), key: key.to_owned() })
    }

    /// Whether the data are those of another index key than this.
    pub(super) fn is_anothers(&self, key: &str) -> bool {
        !self.key.is_empty() && self.key != key
    }
}

/// What is known of the server that was asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Server<'a> {
    /// What it says of itself.
    pub(super) now: &'a ReplicationInfo,
    /// Whether this run of it had the owner's replication id.
    pub(super) had: bool,
    /// Whether this run of it began with all that was written before.
    pub(super) whole: bool,
    /// Whether there is no other.
    pub(super) single: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All is as it was.
    Whole,
    /// It has a new owner, and lost nothing; or it is new itself.
    Keep,
    /// Codes of before are void.
    Fence(Cause),
    /// The same, unless a primary that lives has the owner's replication id.
    UnlessMoved(Cause),
}

/// Judges what was found by what was known before that was asked for.
pub(super) fn judge(found: &Found, known: Option<Position>, server: Server<'_>) -> Verdict {
    let now = server.now;
    let (Some(owner), Some(epoch)) = (found.owner(), found.epoch()) else {
        let new = *found == Found::default() && known.is_none();
        return if new { Verdict::Keep } else { Verdict::Fence(Cause::Gone) };
    };
    let same_run = owner.run == now.run_id;
    if now.promoted() && now.replid2 == owner.id && owner.id != now.id {
        return Verdict::Fence(if server.single && now.uptime < STARTED { Cause::Restart } else { Cause::Failover });
    }
    if found.last.is_none() && known.is_some_and(|known| known.epoch >= epoch && known.events > 0) {
        return Verdict::Fence(Cause::Gone);
    }
    if found.last.is_some_and(|last| last.epoch > epoch) || known.is_some_and(|known| found.position() < known) {
        return Verdict::Fence(Cause::Behind);
    }
    if same_run && owner.id == now.id {
        return Verdict::Whole;
    }
    if same_run && (server.had || !now.promoted()) || server.whole && known.is_some() && !now.promoted() {
        return Verdict::Keep;
    }
    Verdict::UnlessMoved(match (now.promoted(), server.single || now.uptime < STARTED) {
        (true, _) => Cause::Failover,
        (false, true) => Cause::Restart,
        (false, false) => Cause::Moved,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(digit: &str) -> String {
        digit.repeat(40)
    }

    /// A server of this replication id, the one before it and this run.
    fn server(id: &str, replid2: &str, run: &str) -> ReplicationInfo {
        let (id, replid2, run_id) = (named(id), named(replid2), named(run));
        ReplicationInfo { id, replid2, run_id, primary: true, uptime: 9999, ..ReplicationInfo::default() }
    }

    fn found(epoch: &str, last: Option<(u64, u64)>) -> Found {
        let owner = Owner { id: named("a"), run: named("1"), key: String::new() }.bytes();
        let last = last.map(|(epoch, events)| Position { epoch, events });
        Found { owner, epoch: epoch.into(), last }
    }

    #[test]
    fn each_rule_fences_what_it_must_and_nothing_else() {
        use Verdict::{Fence, Keep, UnlessMoved, Whole};
        let known = |epoch, events| Some(Position { epoch, events });
        let (same, other_id, promoted, restarted, stranger) = (
            server("a", "0", "1"),
            server("b", "0", "1"),
            server("b", "a", "2"),
            server("b", "0", "2"),
            server("b", "c", "2"),
        );
        let back = server("b", "c", "1");
        let whole = found("9", Some((9, 5)));
        let nothing = Found::default();
        let plain = |now| Server { now, had: false, whole: false, single: false };
        let durable = |now| Server { whole: true, ..plain(now) };
        let had = |now| Server { had: true, ..plain(now) };
        let no_owner = Found { owner: Vec::new(), ..whole.clone() };
        let no_epoch = Found { epoch: Vec::new(), ..whole.clone() };
        for (what, found, known, server, verdict) in [
            ("new", &nothing, None, plain(&same), Keep),
            ("flushed", &nothing, known(9, 0), plain(&same), Fence(Cause::Gone)),
            ("without its owner", &no_owner, None, plain(&same), Fence(Cause::Gone)),
            ("without its epoch", &no_epoch, None, plain(&same), Fence(Cause::Gone)),
            ("without its stream", &found("9", None), known(9, 1), plain(&same), Fence(Cause::Gone)),
            ("without events yet", &found("9", None), known(9, 0), plain(&same), Whole),
            ("raised by another", &found("10", None), known(9, 1), plain(&same), Whole),
            ("as it was", &whole, known(9, 5), plain(&same), Whole),
            ("further", &whole, known(9, 4), plain(&same), Whole),
            ("unknown", &whole, None, plain(&same), Whole),
            ("back by one", &whole, known(9, 6), plain(&same), Fence(Cause::Behind)),
            ("back by an epoch", &whole, known(10, 1), plain(&same), Fence(Cause::Behind)),
            ("behind, as a function found", &found("0", Some((9, 1))), None, plain(&same), Fence(Cause::Behind)),
            ("epoch below its events", &found("8", Some((9, 1))), None, plain(&same), Fence(Cause::Behind)),
            ("another id of one run", &whole, known(9, 5), plain(&other_id), Keep),
            ("back by one, and another id", &whole, known(9, 6), plain(&other_id), Fence(Cause::Behind)),
            ("a promoted replica", &whole, known(9, 5), plain(&promoted), Fence(Cause::Failover)),
            ("a promoted replica that syncs", &whole, known(9, 5), durable(&promoted), Fence(Cause::Failover)),
            ("promoted twice", &whole, known(9, 5), durable(&stranger), UnlessMoved(Cause::Failover)),
            ("a primary again", &whole, known(9, 5), plain(&back), UnlessMoved(Cause::Failover)),
            ("an id that it had", &whole, known(9, 5), had(&back), Keep),
            ("started anew", &whole, known(9, 5), plain(&restarted), UnlessMoved(Cause::Moved)),
            ("started anew with all", &whole, known(9, 5), durable(&restarted), Keep),
            ("started anew with less", &whole, known(9, 6), durable(&restarted), Fence(Cause::Behind)),
            ("started anew, nothing known", &whole, None, durable(&restarted), UnlessMoved(Cause::Moved)),
        ] {
            assert_eq!(judge(found, known, server), verdict, "{what}");
        }
        let just_now = ReplicationInfo { uptime: 1, ..server("b", "0", "2") };
        assert_eq!(judge(&whole, known(9, 5), plain(&just_now)), UnlessMoved(Cause::Restart));
    }
}
