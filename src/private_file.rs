//! Files that the program writes: for the owner and at most the group, never through a link, and complete or not there at all.
//!
//! What is written names people. Who may write into the same folder must neither read it nor lead it somewhere else, and who reads it
//! meanwhile must not see half of it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Who may read a file; nobody else may, whatever the umask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readers {
    /// The owner alone.
    Owner,
    /// The owner and the group.
    Group,
}

impl Readers {
    fn mode(self) -> u32 {
        match self {
            Readers::Owner => 0o600,
            Readers::Group => 0o640,
        }
    }
}

/// A file that takes the place of what is there once it is complete; dropped before, it leaves nothing.
pub struct NewFile {
    file: BufWriter<File>,
    /// Where it is written, and where it belongs; nothing of pipes and devices.
    aside: Option<(PathBuf, PathBuf)>,
}

/// Begins a file that will stand at a path.
pub fn create(path: &Path, readers: Readers) -> io::Result<NewFile> {
    if is_device(path) {
        let file = OpenOptions::new().write(true).open(path)?;
        return Ok(NewFile { file: BufWriter::new(file), aside: None });
    }
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_symlink() => return Err(is_a_link()),
        Ok(about) if about.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) | Err(_) => {}
    }
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let aside = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let mut new = OpenOptions::new();
    // What is there is never opened, link or not.
    new.write(true).create_new(true).mode(readers.mode());
    let file = match new.open(&aside) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&aside)?;
            new.open(&aside)
        }
        opened => opened,
    }?;
    Ok(NewFile { file: BufWriter::with_capacity(64 * 1024, file), aside: Some((aside, path.to_owned())) })
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl NewFile {
    /// It is complete: waits until it is on disk, and puts it in its place.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        let Some((aside, path)) = &self.aside else { return Ok(()) };
        self.file.get_ref().sync_all()?;
        fs::rename(aside, path)?;
        self.aside = None;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some((aside, _)) = &self.aside {
            // It may be gone with its folder.
            let _ = fs::remove_file(aside);
        }
    }
}

/// Opens a file to go on behind what is there, or makes it; what others than owner and group were allowed is taken back.
pub fn append(path: &Path, readers: Readers) -> io::Result<File> {
    let device = is_device(path);
    open(path, readers, OpenOptions::new().read(!device).append(true))
}

/// Opens a file to write over what is there, or makes it.
pub fn update(path: &Path, readers: Readers) -> io::Result<File> {
    open(path, readers, OpenOptions::new().write(true))
}

/// How often a file that comes and goes under one's hands is tried again.
const TRIES: u32 = 100;

fn open(path: &Path, readers: Readers, how: &OpenOptions) -> io::Result<File> {
    if is_device(path) {
        return how.open(path);
    }
    let mut made = how.clone();
    made.create_new(true).mode(readers.mode());
    for _ in 0..TRIES {
        let file = match how.open(path) {
            // Never made through a link that leads to nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => match made.open(path) {
                // Somebody else made it meanwhile, or it is such a link.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match fs::symlink_metadata(path) {
                    Ok(there) if there.is_symlink() => return Err(is_a_link()),
                    Ok(_) => continue,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                },
                made => made,
            },
            opened => opened,
        }?;
        let opened = file.metadata()?;
        match fs::symlink_metadata(path) {
            Ok(there) if (opened.dev(), opened.ino()) == (there.dev(), there.ino()) => {}
            Ok(there) if there.is_symlink() => return Err(is_a_link()),
            // Another took its place, or it was taken away: what was opened is not what stands there.
            Ok(_) => continue,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        }
        let mode = opened.permissions().mode();
        if mode & 0o007 != 0 {
            // Fails where it is somebody else's, who decides then.
            let _ = file.set_permissions(Permissions::from_mode(mode & 0o770));
        }
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, "is made and taken away over and over by others"))
}

/// A file in a folder that has no name: nobody else opens it, and its space is free when the process ends, however it ends.
pub fn nameless(folder: &Path) -> io::Result<File> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    loop {
        let path = folder.join(format!(".leakwarden.{}.{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)));
        match OpenOptions::new().read(true).write(true).create_new(true).mode(Readers::Owner.mode()).open(&path) {
            Ok(file) => {
                fs::remove_file(&path)?;
                return Ok(file);
            }
            // Left by a process that had this number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Makes a folder, and those it lies in, where it is missing.
pub fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o750).create(path)
}

/// Makes a folder of one's own, which must not be there.
pub fn new_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Pipes, terminals and the like: `/dev/stdout` is a link, and what it leads to was opened by whoever started the program.
fn is_device(path: &Path) -> bool {
    let special = |kind: fs::FileType| kind.is_fifo() || kind.is_char_device();
    path.starts_with("/dev")
        || path.starts_with("/proc/self/fd")
        || fs::symlink_metadata(path).is_ok_and(|about| special(about.file_type()))
}

fn is_a_link() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "is a symbolic link, which is not followed: name the file itself")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn a_file_without_a_name_is_not_in_its_folder() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut file = nameless(dir.path()).expect("is made");
        file.write_all(b"x").expect("is written");
        assert_eq!(fs::read_dir(dir.path()).expect("is there").count(), 0);
    }

    #[test]
    fn a_new_file_is_complete_or_not_there_and_for_no_others() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("alerts.jsonl");
        fs::write(&path, "before").expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("set");
        let mut half = create(&path, Readers::Group).expect("begun");
        half.write_all(b"ha").expect("written");
        drop(half);
        assert_eq!(fs::read_to_string(&path).expect("read"), "before");
        for (readers, bits) in [(Readers::Group, 0o640), (Readers::Owner, 0o600)] {
            let mut file = create(&path, readers).expect("begun");
            file.write_all(b"whole").expect("written");
            file.finish().expect("in its place");
            assert_eq!((fs::read_to_string(&path).expect("read").as_str(), mode(&path) & !bits), ("whole", 0));
        }
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1, "nothing is left beside it");
        assert!(create(dir.path(), Readers::Group).is_err());
        create(Path::new("/dev/null"), Readers::Group).expect("a device").finish().expect("written");
    }

    #[test]
    fn no_link_is_followed() {
        let dir = tempfile::tempdir().expect("a directory");
        let (victim, link, dangling) = (dir.path().join("victim"), dir.path().join("link"), dir.path().join("dangling"));
        fs::write(&victim, "mine").expect("written");
        symlink(&victim, &link).expect("linked");
        symlink(dir.path().join("nothing"), &dangling).expect("linked");
        for path in [&link, &dangling] {
            for refused in [create(path, Readers::Group).err(), append(path, Readers::Group).err(), update(path, Readers::Owner).err()] {
                assert!(refused.is_some_and(|error| error.to_string().contains("symbolic link")), "{}", path.display());
            }
        }
        // One that waits where a file is to be begun leads nowhere either.
        let begun = dir.path().join(format!(".new.{}.part", std::process::id()));
        symlink(&victim, begun).expect("linked");
        create(&dir.path().join("new"), Readers::Group).expect("begun").finish().expect("in its place");
        assert_eq!(fs::read_to_string(&victim).expect("read"), "mine");
        assert!(!dir.path().join("nothing").exists());
    }

    #[test]
    fn many_that_open_one_file_at_once_share_it() {
        let dir = tempfile::tempdir().expect("a directory");
        for round in 0..50 {
            let path = dir.path().join(format!("{round}.jsonl"));
            let at_once = std::sync::Barrier::new(16);
            std::thread::scope(|scope| {
                for _ in 0..16 {
                    scope.spawn(|| {
                        at_once.wait();
                        append(&path, Readers::Owner).expect("opened, or made").write_all(b"x").expect("written");
                    });
                }
            });
            assert_eq!((fs::read(&path).expect("read").len(), mode(&path)), (16, 0o600), "all wrote into one");
        }
    }

    #[test]
    fn one_that_is_replaced_meanwhile_is_no_link() {
        let dir = tempfile::tempdir().expect("a directory");
        let (path, over) = (dir.path().join("alerts.jsonl"), std::sync::atomic::AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    create(&path, Readers::Owner).expect("begun").finish().expect("in its place");
                    let _ = fs::remove_file(&path);
                }
            });
            for _ in 0..300 {
                // It may give up where it loses each race, and must not call that a link.
                let refused = update(&path, Readers::Owner).err();
                assert!(refused.as_ref().is_none_or(|error| error.kind() == io::ErrorKind::ResourceBusy), "{refused:?}");
            }
            over.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    fn what_is_appended_to_is_taken_back_from_others() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("alerts.jsonl");
        fs::write(&path, "a\n").expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("set");
        append(&path, Readers::Group).expect("opened").write_all(b"b\n").expect("written");
        assert_eq!((fs::read_to_string(&path).expect("read").as_str(), mode(&path)), ("a\nb\n", 0o640));
        let inner = dir.path().join("a/b");
        folder(&inner).expect("made");
        assert_eq!(mode(&inner) & 0o027, 0);
        assert!(new_folder(&inner).is_err(), "it is somebody's");
    }
}
