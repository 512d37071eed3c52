//! Files that are complete, for replay and decode: plain, gzip, zstd, standard input.
//!
//! A thread of its own reads and unpacks ahead, so that decompression runs beside decoding.

use crate::decode::LONGEST_RECORD;
use crate::model::keys::Keys;
use crate::source::SourceError;
use crate::source::lines::{LineReader, LineSettings};
use crate::source::piece::Piece;
use crate::source::unpack::{Packing, UnpackError, unpack};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

/// The name that stands for standard input.
pub const STDIN: &str = "-";

/// About how large a block is, in bytes.
pub const BLOCK: usize = 1024 * 1024;

/// Blocks read ahead. When they are not taken, the reading thread waits: memory stays at a few blocks and one longest line.
const AHEAD: usize = 4;

/// An input that is being read.
pub struct FileInput {
    name: String,
    progress: Arc<Progress>,
    pieces: Receiver<Result<Piece, SourceError>>,
    thread: Option<JoinHandle<()>>,
}

/// How far the reading is, for a progress bar. Shared with the reading thread.
#[derive(Debug)]
pub struct Progress {
    read: AtomicU64,
    total: Option<u64>,
}

impl Progress {
    /// Nothing read yet.
    pub fn new(total: Option<u64>) -> Progress {
        Progress { read: AtomicU64::new(0), total }
    }

    /// Adds bytes that were read.
    pub fn add(&self, bytes: u64) {
        self.read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of the file read, as it is stored (packed).
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Size of the file when it was opened; `None` for pipes.
    pub fn total(&self) -> Option<u64> {
        self.total
    }
}

/// Opens a file, or standard input for `-`.
pub fn open(path: &str, keys: &Keys) -> Result<FileInput, SourceError> {
    let settings =
        LineSettings { block: BLOCK, longest_line: LONGEST_RECORD, prompt: path == STDIN, follow: false, hasher: keys.record_hasher() };
    if path == STDIN {
        return FileInput::start(STDIN, io::stdin(), None, settings);
    }
    let cannot = |error| SourceError::Open { place: path.to_owned(), error };
    let file = File::open(path).map_err(cannot)?;
    let about = file.metadata().map_err(cannot)?;
    if about.is_dir() {
        return Err(SourceError::NotALog { place: path.to_owned(), found: "a directory" });
    }
    FileInput::start(path, file, about.is_file().then_some(about.len()), settings)
}

/// Opens a file by path. See [`open`].
pub fn open_path(path: &Path, keys: &Keys) -> Result<FileInput, SourceError> {
    match path.to_str() {
        Some(STDIN) => open("./-", keys),
        Some(text) => open(text, keys),
        None => Err(SourceError::NotALog { place: path.display().to_string(), found: "of a name that is not UTF-8" }),
    }
}

impl FileInput {
    /// Reads any stream as if it were a file.
    pub fn start(
        name: &str,
        stream: impl Read + Send + 'static,
        total: Option<u64>,
        settings: LineSettings,
    ) -> Result<FileInput, SourceError> {
        let progress = Arc::new(Progress::new(total));
        let (sender, pieces) = bounded(AHEAD);
        let counting = Counting { stream, progress: Arc::clone(&progress) };
        let place = name.to_owned();
        let thread = std::thread::Builder::new()
            .name("read-ahead".to_owned())
            .spawn(move || read_ahead(&place, counting, settings, &sender))
            .map_err(|error| SourceError::Open { place: name.to_owned(), error })?;
        Ok(FileInput { name: name.to_owned(), progress, pieces, thread: Some(thread) })
    }

    /// The path as given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How far it is; stays valid after the input is gone.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// What comes next; `None` at the end. An error comes after everything that could be read, and nothing follows it.
    pub fn next_block(&mut self) -> Result<Option<Piece>, SourceError> {
        if let Ok(piece) = self.pieces.recv() {
            return piece.map(Some);
        }
        // A reader that panicked must not look like the end of the file.
        let lost = self.thread.take().is_some_and(|thread| thread.join().is_err());
        if lost { Err(SourceError::ReaderLost { place: self.name.clone() }) } else { Ok(None) }
    }
}

fn read_ahead(place: &str, stream: impl Read + Send + 'static, settings: LineSettings, sender: &Sender<Result<Piece, SourceError>>) {
    let unpacked = match unpack(stream) {
        Ok(unpacked) => unpacked,
        Err(error) => {
            let error = match error {
                UnpackError::Unsupported(found) => SourceError::NotALog { place: place.to_owned(), found },
                UnpackError::Io(error) => broken(place, Packing::Plain, 0, 0, 0, error),
            };
            // Fails where the input was dropped.
            let _ = sender.send(Err(error));
            return;
        }
    };
    let mut lines = LineReader::new(unpacked.reader, settings);
    loop {
        let message = match lines.next_piece() {
            Ok(Some(piece)) => Ok(piece),
            Ok(None) => return,
            Err(b) => Err(broken(place, unpacked.packing, b.line, b.offset, b.dropped, b.error)),
        };
        // The input was dropped: stop reading.
        if sender.send(message).is_err() {
            return;
        }
    }
}

fn broken(place: &str, packing: Packing, line: u64, offset: u64, dropped: u64, error: io::Error) -> SourceError {
    SourceError::Broken { place: place.to_owned(), packing: packing.prefix(), line, offset, dropped, error }
}

struct Counting<R> {
    stream: R,
    progress: Arc<Progress>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(into)?;
        self.progress.add(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn text(lines: usize) -> String {
        (0..lines).map(|i| format!("{{\"line\":{i}}}\n")).collect()
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).expect("memory");
        encoder.finish().expect("memory")
    }

    /// The content up to the end or an error.
    fn read(bytes: &[u8]) -> (Vec<u8>, Option<SourceError>) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("access.log");
        std::fs::write(&path, bytes).expect("written");
        let mut input = open_path(&path, &Keys::built_in()).expect("opened");
        let mut content = Vec::new();
        loop {
            match input.next_block() {
                Ok(Some(Piece::Block(block))) => {
                    assert_eq!(block.first_offset, content.len() as u64);
                    content.extend_from_slice(&block.bytes);
                }
                Ok(Some(other)) => panic!("{other:?}"),
                Ok(None) => {
                    assert_eq!(input.progress().total(), Some(bytes.len() as u64));
                    return (content, None);
                }
                Err(error) => {
                    assert!(input.next_block().is_ok_and(|piece| piece.is_none()), "nothing follows an error");
                    return (content, Some(error));
                }
            }
        }
    }

    #[test]
    fn packed_files_read_as_their_content_whatever_their_name() {
        let text = text(200_000);
        assert_eq!(read(text.as_bytes()).0, text.as_bytes());
        assert_eq!(read(&gzip(&text)).0, text.as_bytes());
        assert_eq!(read(&zstd::encode_all(text.as_bytes(), 3).expect("memory")).0, text.as_bytes());
    }

    #[test]
    fn a_cut_off_archive_gives_whole_lines_and_then_an_error_with_its_place() {
        let text = text(200_000);
        for packed in [gzip(&text), zstd::encode_all(text.as_bytes(), 3).expect("memory")] {
            let (content, error) = read(&packed[..packed.len() * 2 / 3]);
            assert!(content.len() > text.len() / 3 && content.ends_with(b"\n") && text.as_bytes().starts_with(&content));
            let message = error.expect("an error").to_string();
            let line = content.iter().filter(|&&b| b == b'\n').count();
            assert!(message.contains("access.log") && message.contains(&format!("past line {line} (byte {}", content.len())), "{message}");
        }
    }

    #[test]
    fn a_corrupt_archive_gives_an_error_and_no_panic() {
        let mut packed = gzip(&text(50_000));
        let middle = packed.len() / 2;
        packed[middle..middle + 64].fill(0xff);
        assert!(read(&packed).1.is_some());
    }

    #[test]
    fn what_cannot_be_a_log_is_refused_by_name() {
        let keys = Keys::built_in();
        let missing = open("/nonexistent/access.log", &keys).err().expect("refused").to_string();
        assert!(missing.starts_with("/nonexistent/access.log: cannot be opened"), "{missing}");
        let directory = open("/tmp", &keys).err().expect("refused").to_string();
        assert!(directory.contains("a directory"), "{directory}");
        assert!(read(b"PK\x03\x04rest").1.expect("an error").to_string().contains("zip archive"));
    }

    #[test]
    fn an_input_that_is_dropped_lets_its_reader_go() {
        let stream = io::repeat(b'\n');
        let settings =
            LineSettings { block: 1024, longest_line: 1024, prompt: false, follow: false, hasher: Keys::built_in().record_hasher() };
        let mut input = FileInput::start("endless", stream, None, settings).expect("started");
        assert!(input.next_block().is_ok());
        let thread = input.thread.take().expect("a reader");
        drop(input);
        thread.join().expect("it ended");
    }
}
