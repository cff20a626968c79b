//! The same where the store is several servers: behind Sentinels, and a cluster.

use super::{
    How::{self, *},
    Place, Sidecars, goes_back,
    how::Synced,
    loses_nothing,
};
use crate::support::trail::TrailDir;

/// After the last but one a server keeps no append-only file any more, and after the last one it is gone.
const BEHIND_SENTINELS: &[How] =
    &[Swap, FlushAll, FlushDb, Reload, AppendOnlyFile, DefaultUserOff, Kill, Snapshot, Promotion];
/// A cluster has but one database.
const OF_A_CLUSTER: &[How] = &[FlushAll, FlushDb, Reload, AppendOnlyFile, DefaultUserOff, Kill, Snapshot, Promotion];

/// One after the other, on the same servers and under the same two sidecars: while they run, or while none of them does.
async fn on_several(mut place: Place, hows: &[How], restarted: bool, trail: Option<TrailDir>) {
    let mut sidecars = Sidecars::start(&place.url(), 2, trail);
    for how in hows {
        goes_back(*how, &mut place, &mut sidecars, restarted).await;
    }
    sidecars.end();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_sentinels() {
    on_several(Place::sentinel(Synced::EverySecond), BEHIND_SENTINELS, false, Some(TrailDir::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_primary_of_a_cluster() {
    on_several(Place::cluster(Synced::EverySecond), OF_A_CLUSTER, false, Some(TrailDir::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_sentinels_while_none_ran_whose_trail_is_on_disk() {
    on_several(Place::sentinel(Synced::EverySecond), BEHIND_SENTINELS, true, Some(TrailDir::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_sentinels_while_none_ran_and_the_data_directory_knows() {
    on_several(Place::sentinel(Synced::EverySecond), BEHIND_SENTINELS, true, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_primary_of_a_cluster_while_none_ran_whose_trail_is_on_disk() {
    on_several(Place::cluster(Synced::EverySecond), OF_A_CLUSTER, true, Some(TrailDir::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_primary_of_a_cluster_while_none_ran_and_the_data_directory_knows() {
    on_several(Place::cluster(Synced::EverySecond), OF_A_CLUSTER, true, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_loses_nothing_behind_sentinels() {
    loses_nothing(Place::sentinel(Synced::Always), &[ReloadOfNow, Kill]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_loses_nothing_of_a_cluster() {
    loses_nothing(Place::cluster(Synced::Always), &[ReloadOfNow, SlotMove, Kill]).await;
}
