//! The same where the store is several servers: behind Sentinels, and a cluster.

use super::{How, Place, Sidecars, answered, goes_back};
use crate::support::{redis::user, trail::TrailDir};

/// One after the other, on the same servers and under the same two sidecars.
async fn on_several(mut place: Place, hows: &[How]) {
    let mut sidecars = Sidecars::start(&place.url(), 2, Some(TrailDir::new()));
    for how in hows {
        goes_back(*how, &mut place, &mut sidecars, false).await;
    }
    sidecars.end();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_sentinels() {
    use How::{AppendOnlyFile, FlushAll, FlushDb, Kill, Promotion, Reload, Snapshot, Swap};
    on_several(Place::sentinel(), &[Swap, FlushAll, FlushDb, Reload, AppendOnlyFile, Kill, Snapshot, Promotion]).await;
}

/// A cluster has but one database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_primary_of_a_cluster() {
    use How::{AppendOnlyFile, DefaultUserOff, FlushAll, FlushDb, Kill, Promotion, Reload, Snapshot};
    let hows = [FlushAll, FlushDb, Reload, AppendOnlyFile, Kill, Snapshot, Promotion, DefaultUserOff];
    on_several(Place::cluster(), &hows).await;
}

/// With all sidecars started anew, whose data directory or trail knows more; then on a server that syncs each write.
async fn with_all_started_anew(mut place: Place) {
    for (how, trail) in [(How::FlushAll, None), (How::Kill, Some(TrailDir::new()))] {
        let mut sidecars = Sidecars::start(&place.url(), 1 + usize::from(trail.is_some()), trail);
        goes_back(how, &mut place, &mut sidecars, true).await;
        sidecars.end();
    }
    place.sync_each_write();
    // Who may not ask how it syncs takes it for one that does not.
    let sidecars = Sidecars::start(&user::anybody_at(&place.url()), 2, None);
    loses_nothing(&mut place, sidecars).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_sentinels_while_none_ran() {
    with_all_started_anew(Place::sentinel()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_primary_of_a_cluster_while_none_ran() {
    with_all_started_anew(Place::cluster()).await;
}

/// By a server that is killed though it syncs each write: under the sidecars, and while none of them ran.
async fn loses_nothing(place: &mut Place, mut sidecars: Sidecars) {
    for restarted in [false, true] {
        // Who knew nothing of a server that had been started anew has fenced its buckets.
        let before = if restarted { 0.0 } else { sidecars.counted().await };
        let issued = place.issue(How::Kill, &sidecars.clients()[0]).await;
        if restarted {
            sidecars.stop();
        }
        place.happen(How::Kill);
        if restarted {
            sidecars.start_again();
        }
        answered(&sidecars.clients()[1], &issued).await.approved();
        answered(&sidecars.clients()[0], &issued).await.rejected("used", "already_used");
        assert_eq!(sidecars.counted().await, before, "{restarted}");
    }
    sidecars.end();
}
