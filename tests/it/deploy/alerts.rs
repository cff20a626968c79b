//! Apps under attack and in trouble, all at once, watched by a real Prometheus and a real Alertmanager: of each the right
//! people are told the right thing, and nothing else.

use std::{collections::BTreeSet, time::Duration};

use super::{
    alertmanager::{Alertmanager, Told},
    dashboards,
    prometheus::Prometheus,
    runbooks,
    world::{SCENARIOS, World},
};
use crate::support::{processor::Spent, wait};

const SOON: Duration = Duration::from_secs(120);
/// A scrape and a recorded rule: whatever is to fire waits or fires after so many.
const SETTLED: usize = 3;
/// What may be true of any app while others have more than this of the processors.
const SLOW: [&str; 2] = ["OtpLatencyBurn", "OtpStoreFailing"];
const UNDISTURBED: f64 = 0.1;

fn pairs(apart: impl Fn(&'static super::world::Scenario) -> Vec<&'static str>) -> BTreeSet<(String, String)> {
    let of = |scenario: &'static super::world::Scenario| {
        apart(scenario).into_iter().map(|alert| (scenario.app.to_owned(), alert.to_owned()))
    };
    SCENARIOS.iter().flat_map(of).collect()
}

fn to_be_told() -> BTreeSet<Told> {
    let of = |scenario: &'static super::world::Scenario| {
        scenario.told.iter().map(|(to, alert)| ((*to).to_owned(), scenario.app.to_owned(), (*alert).to_owned()))
    };
    let always = ("heartbeat".to_owned(), String::new(), "Watchdog".to_owned());
    SCENARIOS.iter().flat_map(of).chain([always]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_an_app_is_told_once_to_the_right_people_and_nothing_else_is() {
    let spent = Spent::now();
    let mut world = World::start();
    let alertmanager = Alertmanager::start().await;
    let prometheus = Prometheus::start(&world.targets(), alertmanager.address());
    let seen = SCENARIOS.iter().map(|scenario| scenario.app).filter(|app| *app != "wrong-path");
    prometheus.knows(seen).await;
    world.happen().await;

    let must: BTreeSet<_> = to_be_told().into_iter().map(|(_, app, alert)| (app, alert)).collect();
    let may = pairs(|scenario| scenario.held_back.to_vec());
    let fires = || async { must.is_subset(&prometheus.alerts("firing").await).then_some(()) };
    wait::until_async(&format!("{must:?}"), SOON, fires).await;
    prometheus.works_out(SETTLED).await;
    // What waits fires in the end or turns out to be nothing.
    let settled = || async { prometheus.alerts("pending").await.is_subset(&may).then_some(()) };
    wait::until_async("nothing to be pending", SOON, settled).await;
    let others = spent.by_others();
    let slow = |alert: &str| others > UNDISTURBED && SLOW.contains(&alert);
    let odd = |alert: &(String, String)| !must.contains(alert) && !may.contains(alert) && !slow(&alert.1);
    let odd: Vec<_> = prometheus.fired().await.into_iter().filter(odd).collect();
    assert!(odd.is_empty(), "these fired and should not: {odd:?}; others had {others:.2} of the processors");
    let firing = prometheus.alerts("firing").await;
    assert!(must.is_subset(&firing), "{firing:?}");
    // Both are codes that nobody uses; of the one only its cause is told.
    let consequence = ("pumping".to_owned(), "OtpSuccessRateFalling".to_owned());
    assert!(firing.contains(&consequence), "{firing:?}");
    assert!(alertmanager.held_back().await.contains(&consequence));

    let told = to_be_told();
    wait::until_async("all to be told", SOON, || async { told.is_subset(&alertmanager.told()).then_some(()) }).await;
    let heard = alertmanager.told().into_iter().filter(|one| told.contains(one) || !slow(&one.2));
    assert_eq!(heard.collect::<BTreeSet<_>>(), told);
    let why = prometheus.complaints().await;
    let [(app, why)] = &why[..] else { panic!("{why:?}") };
    assert_eq!((&**app, &**why), ("wrong-path", "server returned HTTP status 404 Not Found"));

    dashboards::every_panel_shows_something(&prometheus).await;
    runbooks::every_question_can_be_asked(&prometheus).await;
}
