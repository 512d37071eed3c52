//! Bytes that are no UTF-8 text yet: gzip and Base64 of carriers, UTF-16 with a byte order mark, JSON behind the header of a schema
//! registry.

use crate::decode::{DecodeError, LONGEST_RECORD};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
use std::io::Read;

/// A record may unpack to so many times its length: beyond that it was made to cost time.
const MOST_TIMES: usize = 64;

/// Bytes as text would have them, borrowed where they are so already.
pub(in crate::decode) fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, DecodeError> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(Cow::Borrowed(rest)),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes).map(Cow::Owned),
        [0x1f, 0x8b, ..] => gunzip(bytes).map(Cow::Owned),
        [0, 0, ..] | [0, _, _, _, _, b'{' | b'[', ..] | [3, 0 | 5, ..] => registered(bytes).map(Cow::Borrowed),
        _ => Ok(Cow::Borrowed(bytes)),
    }
}

/// Headers of schema registries: of Confluent and who follows it (a zero, four bytes of the schema's id), of Apicurio (eight bytes of
/// it), of AWS Glue (a three, a byte that says that nothing is packed, sixteen bytes of it).
const HEADERS: [(u8, usize); 3] = [(0, 5), (0, 9), (3, 18)];

/// JSON behind the header of a schema registry. Avro and Protobuf, which have the same headers, hold no names of fields: only the
/// registry knows what such bytes say.
fn registered(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    let behind = |(magic, length): (u8, usize)| bytes.get(length..).filter(|_| bytes.first() == Some(&magic));
    let is_json = |text: &&[u8]| matches!(text.trim_ascii_start().first(), Some(b'{' | b'['));
    if let Some(json) = HEADERS.into_iter().filter_map(behind).find(is_json) {
        return Ok(json);
    }
    let id = bytes.get(1..5).and_then(|id| id.first_chunk()).map_or(0, |id| u32::from_be_bytes(*id));
    let what = match bytes {
        [3, ..] => "Avro, Protobuf or packed, with the header of AWS Glue".to_owned(),
        _ => format!("Avro or Protobuf, with the header of a schema registry (schema {id})"),
    };
    Err(DecodeError::Form { expected: "JSON or text, which its producer or a connector must write", what })
}

/// A text in Base64, perhaps packed within.
pub(super) fn base64(text: &str) -> Option<String> {
    let bytes = STANDARD.decode(text.trim_end()).ok().filter(|bytes| !bytes.is_empty())?;
    String::from_utf8(unpacked(&bytes).ok()?.into_owned()).ok()
}

fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let limit = (bytes.len().saturating_mul(MOST_TIMES) + 64 * 1024).min(LONGEST_RECORD);
    let mut text = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(bytes).take(limit as u64 + 1).read_to_end(&mut text);
    if text.len() > limit {
        return Err(DecodeError::TooLong { limit });
    }
    read.map_err(|_| DecodeError::Form { expected: "gzip data", what: "damaged or cut off".to_owned() })?;
    Ok(text)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Vec<u8>, DecodeError> {
    if bytes.len() > LONGEST_RECORD {
        return Err(DecodeError::TooLong { limit: LONGEST_RECORD });
    }
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn marks_and_packing_come_off() {
        let little: Vec<u8> = "\u{feff}上a😀".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}上a😀".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [little, big, gzip("上a😀".as_bytes()), "\u{feff}上a😀".as_bytes().to_vec()] {
            assert_eq!(unpacked(&bytes).expect("is text").as_ref(), "上a😀".as_bytes());
        }
        assert_eq!(base64("eyJhIjoxfQ==").as_deref(), Some("{\"a\":1}"));
        assert!(unpacked(b"\x1f\x8bx").is_err() && base64("?").is_none());
    }

    #[test]
    fn json_behind_the_header_of_a_schema_registry_is_read_and_what_only_the_registry_knows_says_so() {
        let json = br#" {"a":1}"#;
        for header in [
            &[0, 0, 0, 0, 7][..],
            &[0, 9, 1, 2, 3],
            &[0, 0, 0, 0, 0, 0, 0, 0, 7],
            &[3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        ] {
            let json = if header[1] == 9 { &json[1..] } else { &json[..] };
            let message = [header, json].concat();
            assert_eq!(unpacked(&message).expect("is JSON").as_ref(), json, "{header:?}");
        }
        let avro = unpacked(&[0, 0, 0, 1, 2, 6, b'a', b'b', b'c']).expect_err("only the registry knows").to_string();
        assert_eq!(
            avro,
            "record is not JSON or text, which its producer or a connector must write: Avro or Protobuf, with the header of a schema registry (schema 258)"
        );
        assert!(unpacked(&[3, 5, 1, 2]).expect_err("packed").to_string().contains("AWS Glue"));
        for short in [&[0][..], &[0, 0], &[3], &[0, 0, 0, 0]] {
            let _ = unpacked(short);
        }
        assert_eq!(unpacked(b"3 rows").expect("is text").as_ref(), b"3 rows");
    }

    #[test]
    fn what_unpacks_without_bound_is_refused() {
        let bomb = gzip(&vec![b' '; 3 * LONGEST_RECORD]);
        assert!(matches!(unpacked(&bomb), Err(DecodeError::TooLong { .. })));
    }
}
