//! What may be asked for: one file each, with its handler, its route and its description, and one row of the table.

mod coverage;
mod coverage_summary;
mod healthz;
mod metrics;
mod readyz;

use crate::http::resource::Resource;

/// Every resource.
pub const RESOURCES: &[Resource] =
    &[healthz::RESOURCE, readyz::RESOURCE, metrics::RESOURCE, coverage::RESOURCE, coverage_summary::RESOURCE];
