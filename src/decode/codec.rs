//! A format as one source uses it, given or recognised.

use crate::decode::framing::{self, Unframed};
use crate::decode::ignored::Accounted;
use crate::decode::salvaging::Salvaging;
use crate::decode::{Decoder, FORMATS, Format, Settings};
use std::borrow::Cow;
use std::sync::Arc;

/// A format with the settings of its source.
#[derive(Clone)]
pub struct Codec {
    /// The format.
    pub format: &'static Format,
    /// Settings of its decoders.
    pub settings: Arc<Settings>,
    /// It was recognised, not named by the configuration.
    pub recognised: bool,
}

impl std::fmt::Display for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.recognised {
            true => write!(f, "format {}, recognised by {}", self.format.name, self.format.recognised_by),
            false => write!(f, "format {}", self.format.name),
        }
    }
}

impl Codec {
    /// A format that was named.
    pub fn named(format: &'static Format, settings: Arc<Settings>) -> Codec {
        Codec { format, settings, recognised: false }
    }

    /// A new decoder for one partition. It takes records out of their envelopes first, and leaves no line without a fate.
    pub fn decoder(&self) -> Box<dyn Decoder> {
        let Codec { format, settings, .. } = self.clone();
        // What is broken may be the record, or what carries it.
        let unframed = move || -> Box<dyn Decoder> {
            let inner = Box::new(Salvaging::new((format.decoder)(&settings)));
            Box::new(Salvaging::new(Box::new(Unframed::new(inner, format, settings.clone()))))
        };
        Box::new(Accounted::new(Box::new(unframed)))
    }
}

/// The format of a source: named, or still to be recognised.
#[derive(Clone)]
pub enum FormatChoice {
    /// This format, named or recognised.
    Known(Codec),
    /// The first that recognises a record.
    Auto(Arc<Settings>),
}

impl FormatChoice {
    /// The named format; `None` where it is to be recognised.
    pub fn known(&self) -> Option<&Codec> {
        match self {
            FormatChoice::Known(codec) => Some(codec),
            FormatChoice::Auto(_) => None,
        }
    }

    /// What its decoders are told, whichever format it is.
    pub fn settings(&self) -> &Arc<Settings> {
        match self {
            FormatChoice::Known(codec) => &codec.settings,
            FormatChoice::Auto(settings) => settings,
        }
    }

    /// Settles on a format by the first lines. `None` where no format knows them.
    pub fn settle<'a>(&mut self, lines: impl IntoIterator<Item = &'a [u8]>) -> Option<&Codec> {
        if let FormatChoice::Auto(settings) = self {
            let format = recognise(lines)?;
            *self = FormatChoice::Known(Codec { format, settings: settings.clone(), recognised: true });
        }
        self.known()
    }
}

/// The first format that recognises one of the lines, in whatever envelope; else the first that recognises them together.
pub fn recognise<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Option<&'static Format> {
    // What cannot be unpacked is refused by whatever decoder it comes to.
    let lines: Vec<Cow<'_, [u8]>> = lines.into_iter().map(|line| framing::unpacked(line).unwrap_or(Cow::Borrowed(line))).collect();
    let lines: Vec<&[u8]> = lines.iter().map(AsRef::as_ref).collect();
    let of_line = |line: &[u8]| FORMATS.iter().find(|format| framing::find(line, format).is_some());
    let of_row = || of_line(framing::first_row(&lines)?.as_bytes());
    of_row().or_else(|| lines.iter().find_map(|line| of_line(line))).or_else(|| {
        let together = |text: &[u8]| FORMATS.iter().find(|format| (format.recognises)(text));
        together(&lines.join(&b'\n')).or_else(|| together(framing::carried(&lines)?.as_bytes()))
    })
}
