//! A changed configuration, taken up by the running service at one point between two records.

use super::{Live, Observer, REST_WITHIN, Settings, formats};
use crate::pipeline::reload::Loaded;
use crate::telemetry::metrics::Reload;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

impl Live {
    /// Takes up what has been found valid, once no record of several lines is just arriving.
    pub(super) fn take_up_changes(&mut self, observer: &mut impl Observer) -> anyhow::Result<()> {
        let newest = self.parts.reloads.as_ref().and_then(|reloads| reloads.fresh.try_iter().last());
        if let Some(loaded) = newest {
            self.fresh = Some((loaded, Instant::now()));
        }
        let waits = self.fresh.as_ref().is_some_and(|(_, since)| since.elapsed() < REST_WITHIN && self.is_mid_record(Instant::now()));
        if !waits && let Some((loaded, _)) = self.fresh.take() {
            // What decoders hold back came before the change.
            self.release_held(observer, |_| true)?;
            self.adopt(&loaded);
        }
        Ok(())
    }

    fn adopt(&mut self, Loaded { config, context, .. }: &Loaded) {
        self.engine.set_context(context.clone());
        self.settings = Settings::of(config);
        // Sources are the same, in whatever order they stand now.
        let mut wanted: Vec<_> = config.sources.iter().map(|source| source.name.clone()).zip(formats(config)).collect();
        let mut changed = Vec::new();
        for (at, (name, _)) in self.sources.iter().enumerate() {
            let Some(place) = wanted.iter().position(|(of, _)| of == name) else { continue };
            let (_, format) = wanted.swap_remove(place);
            if format.0 != self.formats[at].0 {
                changed.push(at);
            }
            self.formats[at] = format;
        }
        let partitions: Vec<_> = self.feeds.iter().filter(|(_, heard)| changed.contains(&heard.source)).map(|(id, _)| *id).collect();
        for id in partitions {
            let Some((source, name)) = self.feeds.get(&id).map(|heard| (heard.source, heard.feed.name.clone())) else { continue };
            let feed = self.feed(source, id, &name);
            self.feeds.entry(id).and_modify(|heard| heard.feed = feed);
        }
        self.configured(Some(Reload::Applied));
        tracing::info!(config = %context.config, "the configuration was read again and is in use");
    }

    /// Says which configuration is in use.
    pub(super) fn configured(&self, by: Option<Reload>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.parts.metrics.set_config(&self.engine.context().config, now);
        if let Some(outcome) = by {
            self.parts.metrics.reload(outcome);
        }
    }
}
