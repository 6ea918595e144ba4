//! Compressed streams, told by their names.

use std::io::{BufRead, BufReader, Read, Write};

use crate::error::{Error, Result};

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, of any number of members.
    Gzip,
    /// zstd, of any number of frames.
    Zstd,
}

/// Windows of up to 2^31 bytes are read, as `zstd --long=31` writes them.
const ZSTD_WINDOW_LOG_MAX: u32 = 31;
const BUFFER_BYTES: usize = 256 << 10;

impl Compression {
    /// The compression that a file name tells, and the name without that ending.
    pub fn of_name(name: &str) -> (Self, &str) {
        if let Some(stem) = name.strip_suffix(".gz") {
            (Self::Gzip, stem)
        } else if let Some(stem) = name.strip_suffix(".zst") {
            (Self::Zstd, stem)
        } else {
            (Self::None, name)
        }
    }

    /// Reads what `raw` holds, decompressed.
    ///
    /// # Errors
    ///
    /// When the decompressor cannot be set up.
    pub fn reader<'a>(self, raw: impl Read + Send + 'a) -> Result<Box<dyn BufRead + Send + 'a>> {
        let buffered = BufReader::with_capacity(BUFFER_BYTES, raw);
        Ok(match self {
            Self::None => Box::new(buffered),
            Self::Gzip => Box::new(BufReader::with_capacity(
                BUFFER_BYTES,
                flate2::bufread::MultiGzDecoder::new(buffered),
            )),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(buffered)
                    .map_err(|e| Error::io("set up", "the zstd reader", e))?;
                decoder
                    .window_log_max(ZSTD_WINDOW_LOG_MAX)
                    .map_err(|e| Error::io("set up", "the zstd reader", e))?;
                Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder))
            }
        })
    }

    /// Compresses what is written and passes it on to `out`.
    ///
    /// # Errors
    ///
    /// When the compressor cannot be set up.
    pub fn writer<W: Write>(self, out: W) -> Result<Compressor<W>> {
        Ok(match self {
            Self::None => Compressor::None(out),
            Self::Gzip => {
                Compressor::Gzip(flate2::write::GzEncoder::new(out, flate2::Compression::default()))
            }
            Self::Zstd => Compressor::Zstd(
                zstd::stream::write::Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL)
                    .map_err(|e| Error::io("set up", "the zstd writer", e))?,
            ),
        })
    }
}

/// A stream that compresses; it must be finished, or its end is missing.
#[expect(missing_debug_implementations, reason = "the zstd encoder has none")]
pub enum Compressor<W: Write> {
    /// Passes bytes on.
    None(W),
    /// Writes one gzip member.
    Gzip(flate2::write::GzEncoder<W>),
    /// Writes one zstd frame.
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Compressor<W> {
    /// Writes the end of the stream; gives the output back.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn finish(self) -> std::io::Result<W> {
        match self {
            Self::None(out) => Ok(out),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::None(out) => out.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::None(out) => out.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}
