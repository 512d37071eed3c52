//! Recognises how a stream is packed by its first bytes and unpacks it. File names are not believed: rotated logs are misnamed.

use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a stream is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// gzip, of one or several members.
    Gzip,
    /// Zstandard, of one or several frames.
    Zstandard,
    /// UTF-16 text with a byte order mark, as Windows' tools write it.
    Utf16,
}

impl Packing {
    /// Prefix of messages about such a file.
    pub fn prefix(self) -> &'static str {
        match self {
            Packing::Plain => "",
            Packing::Utf16 => "UTF-16 text ",
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
];

const LONGEST_MAGIC: usize = 6;
const READ_AHEAD: usize = 256 * 1024;

/// Packings that may lie in each other: Firehose packs once more what CloudWatch has packed.
const MOST_LAYERS: usize = 3;

/// How many times its length an archive's text may have: logs pack to a tenth or a fiftieth. What holds more was made to cost time.
const MOST_TIMES: u64 = 500;
/// What any archive may hold.
const FREE: u64 = 2 * 1024 * 1024;
/// A line costs something, however short.
const LINE: u64 = 32;
/// So many blank bytes count as one: they are passed over at the speed of memory.
const BLANKS: u64 = 32;

/// Looks at the first bytes and unpacks accordingly.
pub fn unpack(stream: impl Read + Send + 'static) -> Result<Unpacked, UnpackError> {
    let packed = Arc::new(AtomicU64::new(0));
    let (unpacked, is_archive) = unpack_layers(Packed { stream, read: Arc::clone(&packed) })?;
    if !is_archive {
        return Ok(unpacked);
    }
    Ok(Unpacked { reader: Box::new(Bounded { text: unpacked.reader, packed, weight: 0 }), ..unpacked })
}

/// Counts what is read of an archive.
struct Packed<R> {
    stream: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(into)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// What an archive holds, up to a bound.
struct Bounded {
    text: Box<dyn Read + Send>,
    packed: Arc<AtomicU64>,
    weight: u64,
}

impl Read for Bounded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.text.read(into)?;
        let bytes = &into[..read];
        let text = bytes.iter().filter(|byte| **byte > b' ').count() as u64;
        let lines = bytes.windows(2).filter(|pair| pair[0] > b' ' && pair[1] == b'\n').count() as u64;
        self.weight += text + lines * LINE + (read as u64 - text) / BLANKS;
        if self.weight > FREE + MOST_TIMES.saturating_mul(self.packed.load(Ordering::Relaxed)) {
            let why = format!("unpacks to more than {MOST_TIMES} times its length: unpack it first, if it is meant");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Ok(read)
    }
}

/// The content, and whether it was packed at all.
fn unpack_layers(stream: impl Read + Send + 'static) -> Result<(Unpacked, bool), UnpackError> {
    let mut unpacked = unpack_once(stream)?;
    let is_archive = matches!(unpacked.packing, Packing::Gzip | Packing::Zstandard);
    for _ in 1..MOST_LAYERS {
        if !matches!(unpacked.packing, Packing::Gzip | Packing::Zstandard) {
            break;
        }
        let packing = unpacked.packing;
        let within = unpack_once(unpacked.reader)?;
        let more = within.packing != Packing::Plain;
        unpacked = Unpacked { packing: if more { within.packing } else { packing }, reader: within.reader };
        if !more {
            break;
        }
    }
    Ok((unpacked, is_archive))
}

fn unpack_once(mut stream: impl Read + Send + 'static) -> Result<Unpacked, UnpackError> {
    let mut head = Vec::with_capacity(LONGEST_MAGIC);
    (&mut stream).take(LONGEST_MAGIC as u64).read_to_end(&mut head).map_err(UnpackError::Io)?;
    if let Some(what) = unsupported(&head) {
        return Err(UnpackError::Unsupported(what));
    }
    let packing = recognise(&head);
    let whole = Cursor::new(head).chain(stream);
    let reader: Box<dyn Read + Send> = match packing {
        Packing::Plain => Box::new(whole),
        Packing::Utf16 => Box::new(Utf16::new(whole)),
        Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(READ_AHEAD, whole))),
        Packing::Zstandard => {
            let whole = BufReader::with_capacity(READ_AHEAD, whole);
            Box::new(zstd::stream::read::Decoder::with_buffer(whole).map_err(UnpackError::Io)?)
        }
    };
    Ok(Unpacked { reader, packing })
}

/// What a stream with these first bytes is, where it is of a form that is not supported.
pub fn unsupported(head: &[u8]) -> Option<&'static str> {
    UNSUPPORTED.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, what)| *what)
}

/// How a stream with these first bytes is packed.
pub fn recognise(head: &[u8]) -> Packing {
    match head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Packing::Utf16,
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Packing::Zstandard,
        // A skippable frame, which parallel compressors put first.
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Packing::Zstandard,
        _ => Packing::Plain,
    }
}

/// UTF-16 read as UTF-8.
struct Utf16<R> {
    stream: R,
    /// The order of bytes, once the mark has been read.
    unit: Option<fn([u8; 2]) -> u16>,
    /// Half of a unit, and half of a pair of surrogates.
    half: Option<u8>,
    surrogate: Option<u16>,
    ready: Vec<u8>,
    given: usize,
}

impl<R: Read> Utf16<R> {
    fn new(stream: R) -> Utf16<R> {
        Utf16 { stream, unit: None, half: None, surrogate: None, ready: Vec::new(), given: 0 }
    }

    /// Reads on; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        (self.given, self.ready) = (0, Vec::new());
        let mut bytes = vec![0; READ_AHEAD];
        let read = loop {
            match self.stream.read(&mut bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        let mut text = String::with_capacity(read);
        for byte in &bytes[..read] {
            let Some(first) = self.half.take() else {
                self.half = Some(*byte);
                continue;
            };
            let pair = [first, *byte];
            let Some(unit) = self.unit else {
                self.unit = Some(if pair == [0xff, 0xfe] { u16::from_le_bytes } else { u16::from_be_bytes });
                continue;
            };
            let unit = unit(pair);
            let high = self.surrogate.take();
            if high.is_none() && (0xd800..0xdc00).contains(&unit) {
                self.surrogate = Some(unit);
                continue;
            }
            text.extend(char::decode_utf16(high.into_iter().chain([unit])).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        }
        if read == 0 && (self.half.take().is_some() | self.surrogate.take().is_some()) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        self.ready = text.into_bytes();
        Ok(read > 0 || !self.ready.is_empty())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            if !self.fill()? {
                return Ok(0);
            }
        }
        let read = into.len().min(self.ready.len() - self.given);
        into[..read].copy_from_slice(&self.ready[self.given..self.given + read]);
        self.given += read;
        Ok(read)
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
    fn packings_lie_in_each_other() {
        let twice = {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&gzip("a\n")).expect("memory");
            encoder.finish().expect("memory")
        };
        assert_eq!(content(twice), (Packing::Gzip, "a\n".to_owned()));
    }

    #[test]
    fn what_was_packed_to_cost_time_ends_early_and_says_why() {
        let text = "{\"time\":\"2026-03-02T09:00:00Z\",\"employee\":\"E1\"}\n".repeat(40_000);
        let blank = "\n".repeat(20_000_000);
        let frame = |text: &str| zstd::encode_all(text.as_bytes(), 3).expect("memory");
        assert_eq!(content(frame(&blank)).1.len(), blank.len(), "blank lines cost nothing to speak of");
        assert_eq!(content(gzip(&text)).1.len(), text.len());
        let bomb = frame(&"x\n".repeat(20_000_000));
        assert!(bomb.len() < 20_000);
        for bomb in [bomb.clone(), frame(&"x".repeat(60_000_000)), zstd::encode_all(&bomb[..], 3).expect("memory")] {
            let mut unpacked = unpack(Cursor::new(bomb)).unwrap_or_else(|e| panic!("{e:?}"));
            let mut text = Vec::new();
            let error = unpacked.reader.read_to_end(&mut text).expect_err("a bound").to_string();
            assert!(error.contains("500 times its length") && text.len() < 20_000_000, "{} {error}", text.len());
        }
    }

    #[test]
    fn text_of_windows_is_read_as_any_other() {
        let text = "上海,a😀\r\n".repeat(40_000);
        let marked = format!("\u{feff}{text}");
        let little: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(content(little), (Packing::Utf16, text.clone()));
        assert_eq!(content(big), (Packing::Utf16, text));
        assert_eq!(content(b"\xff\xfea\0\x00\xd8b".to_vec()).1, "a\u{fffd}");
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
