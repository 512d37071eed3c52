//! Recognises how a stream is packed by its first bytes and unpacks it. File names are not believed: rotated logs are misnamed.

use std::io::{self, BufReader, Cursor, Read};

/// How a stream is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// gzip, of one or several members.
    Gzip,
    /// Zstandard, of one or several frames.
    Zstandard,
}

impl Packing {
    /// Prefix of messages about such a file.
    pub fn prefix(self) -> &'static str {
        match self {
            Packing::Plain => "",
            Packing::Gzip => "gzip data ",
            Packing::Zstandard => "zstd data ",
        }
    }
}

/// A stream that is recognised.
pub struct Unpacked {
    /// Its content.
    pub reader: Box<dyn Read + Send>,
    /// How it was packed.
    pub packing: Packing,
}

/// Why a stream is not unpacked.
#[derive(Debug)]
pub enum UnpackError {
    /// It cannot be read.
    Io(io::Error),
    /// It is of a form that is not supported.
    Unsupported(&'static str),
}

/// Forms that are recognised to say so, rather than to take them for text and send every line to the dead letters.
const UNSUPPORTED: &[(&[u8], &str)] = &[
    (b"BZh", "packed with bzip2: unpack it first"),
    (b"\xfd7zXZ\0", "packed with xz: unpack it first"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"\x04\x22\x4d\x18", "packed with lz4: unpack it first"),
    (b"\xff\xfe", "UTF-16 text: convert it to UTF-8 first"),
    (b"\xfe\xff", "UTF-16 text: convert it to UTF-8 first"),
];

const LONGEST_MAGIC: usize = 6;
const READ_AHEAD: usize = 256 * 1024;

/// Looks at the first bytes and unpacks accordingly.
pub fn unpack(mut stream: impl Read + Send + 'static) -> Result<Unpacked, UnpackError> {
    let mut head = Vec::with_capacity(LONGEST_MAGIC);
    (&mut stream).take(LONGEST_MAGIC as u64).read_to_end(&mut head).map_err(UnpackError::Io)?;
    if let Some((_, what)) = UNSUPPORTED.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(UnpackError::Unsupported(what));
    }
    let packing = recognise(&head);
    let whole = Cursor::new(head).chain(stream);
    let reader: Box<dyn Read + Send> = match packing {
        Packing::Plain => Box::new(whole),
        Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(READ_AHEAD, whole))),
        Packing::Zstandard => {
            let whole = BufReader::with_capacity(READ_AHEAD, whole);
            Box::new(zstd::stream::read::Decoder::with_buffer(whole).map_err(UnpackError::Io)?)
        }
    };
    Ok(Unpacked { reader, packing })
}

/// How a stream with these first bytes is packed.
pub fn recognise(head: &[u8]) -> Packing {
    match head {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Packing::Zstandard,
        // A skippable frame, which parallel compressors put first.
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Packing::Zstandard,
        _ => Packing::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).expect("memory");
        encoder.finish().expect("memory")
    }

    fn content(bytes: Vec<u8>) -> (Packing, String) {
        let mut unpacked = unpack(Cursor::new(bytes)).unwrap_or_else(|e| panic!("{e:?}"));
        let mut text = String::new();
        unpacked.reader.read_to_string(&mut text).expect("content");
        (unpacked.packing, text)
    }

    #[test]
    fn members_and_frames_that_follow_each_other_are_one_stream() {
        assert_eq!(content([gzip("a\n"), gzip("b\n")].concat()), (Packing::Gzip, "a\nb\n".to_owned()));
        let frame = |text: &str| zstd::encode_all(text.as_bytes(), 3).expect("memory");
        assert_eq!(content([frame("a\n"), frame("b\n")].concat()), (Packing::Zstandard, "a\nb\n".to_owned()));
    }

    #[test]
    fn short_and_empty_streams_are_plain() {
        assert_eq!(content(Vec::new()), (Packing::Plain, String::new()));
        assert_eq!(content(b"{}".to_vec()), (Packing::Plain, "{}".to_owned()));
    }

    #[test]
    fn unsupported_forms_are_named() {
        let Err(UnpackError::Unsupported(what)) = unpack(&b"BZh91AY"[..]) else { panic!("refused") };
        assert!(what.contains("bzip2"));
    }
}
