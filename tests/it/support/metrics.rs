//! `/metrics`, read as Prometheus reads it.

use super::{Client, Sidecar};

/// One reading of all samples.
#[derive(Debug)]
pub struct Metrics {
    text: String,
}

impl Metrics {
    /// Reads the admin listener, without a key.
    pub async fn fetch(sidecar: &Sidecar) -> Self {
        Self::of(&Client::new(sidecar.admin().clone())).await
    }

    /// Reads the admin listener that this client calls.
    pub async fn of(client: &Client) -> Self {
        let answer = client.get("/metrics").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        Self { text: answer.text }
    }

    /// As received.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The sum of all samples of this name that have at least these labels; 0 if there is none, as for a counter that
    /// never counted.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let wanted: Vec<_> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let matching = self.samples().filter(|(sample, set, _)| {
            *sample == name && wanted.iter().all(|label| set.split(',').any(|own| own == label))
        });
        matching.map(|(_, _, value)| value).sum()
    }

    /// Name, labels as written, value. Label values of ours contain no comma.
    pub fn samples(&self) -> impl Iterator<Item = (&str, &str, f64)> {
        self.text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            (name, labels.trim_end_matches('}'), value.parse().unwrap_or_else(|_| panic!("no number: {line}")))
        })
    }
}

#[test]
fn samples_are_found_by_name_and_labels() {
    let text = "# TYPE a counter\na{x=\"1\",y=\"2\"} 3\na{x=\"1\",y=\"3\"} 4\na_total 5\n".to_owned();
    let metrics = Metrics { text };
    assert_eq!(metrics.value("a", &[("x", "1"), ("y", "2")]), 3.0);
    assert_eq!(metrics.value("a", &[("x", "1")]), 7.0);
    assert_eq!(metrics.value("a_total", &[]), 5.0);
    assert_eq!(metrics.value("b", &[]), 0.0);
}
