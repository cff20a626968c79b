//! Figures about this process.

#[cfg(target_os = "linux")]
use prometheus::core::Collector;

/// The library's figures about this process, but for its processor time, which it cuts to whole seconds.
#[cfg(target_os = "linux")]
pub(super) fn families() -> Vec<prometheus::proto::MetricFamily> {
    let mut families = prometheus::process_collector::ProcessCollector::for_self().collect();
    families.retain(|family| family.name() != "process_cpu_seconds_total");
    families
}

/// The library reads them from `/proc`, which only Linux has.
#[cfg(not(target_os = "linux"))]
pub(super) fn families() -> Vec<prometheus::proto::MetricFamily> {
    Vec::new()
}

/// User and system time in hundredths of a second (proc(5): `utime` and `stime` in clock ticks of `USER_HZ` = 100).
pub(super) fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let ticks = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}
