//! placeholder: the jsonlog carrier.
use crate::decode::{DecodeError, Decoder, Emit, Format, Raw};

/// `postgresql-jsonlog`.
pub const JSONLOG: Format = Format { name: "postgresql-jsonlog", stateless: false, decoder: || Box::new(Jsonlog), recognises: |_| false };

struct Jsonlog;

impl Decoder for Jsonlog {
    fn decode(&mut self, _raw: Raw<'_>, _emit: &mut Emit<'_>) -> Result<(), DecodeError> {
        Ok(())
    }
}
