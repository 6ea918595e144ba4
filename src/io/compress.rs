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
    /// bzip2, of any number of streams.
    Bzip2,
    /// xz, of any number of streams.
    Xz,
}

/// Windows of up to 2^31 bytes are read, as `zstd --long=31` writes them.
const ZSTD_WINDOW_LOG_MAX: u32 = 31;
/// What the xz reader may allocate: more than `xz -9` needs.
const XZ_MEMORY_MAX: u64 = 1 << 30;
const XZ_LEVEL: u32 = 6;
const BUFFER_BYTES: usize = 256 << 10;

impl Compression {
    /// The compression that a file name tells, and the name without that ending.
    pub fn of_name(name: &str) -> (Self, &str) {
        let endings = Self::ENDINGS.into_iter();
        let mut found =
            endings.filter_map(|(ending, kind)| Some((kind, name.strip_suffix(ending)?)));
        found.next().unwrap_or((Self::None, name))
    }

    const ENDINGS: [(&'static str, Self); 5] = [
        (".gz", Self::Gzip),
        (".zst", Self::Zstd),
        (".bz2", Self::Bzip2),
        (".xz", Self::Xz),
        (".zstd", Self::Zstd),
    ];

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
            Self::Bzip2 => Box::new(BufReader::with_capacity(
                BUFFER_BYTES,
                bzip2::bufread::MultiBzDecoder::new(buffered),
            )),
            Self::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(
                    XZ_MEMORY_MAX,
                    liblzma::stream::CONCATENATED,
                );
                let stream = stream.map_err(|e| Error::io("set up", "the xz reader", e.into()))?;
                let decoder = liblzma::bufread::XzDecoder::new_stream(buffered, stream);
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
            Self::Bzip2 => {
                Compressor::Bzip2(bzip2::write::BzEncoder::new(out, bzip2::Compression::default()))
            }
            Self::Xz => Compressor::Xz(liblzma::write::XzEncoder::new(out, XZ_LEVEL)),
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
    /// Writes one bzip2 stream.
    Bzip2(bzip2::write::BzEncoder<W>),
    /// Writes one xz stream.
    Xz(liblzma::write::XzEncoder<W>),
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
            Self::Bzip2(encoder) => encoder.finish(),
            Self::Xz(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::None(out) => out.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
            Self::Bzip2(encoder) => encoder.write(bytes),
            Self::Xz(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::None(out) => out.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
            Self::Bzip2(encoder) => encoder.flush(),
            Self::Xz(encoder) => encoder.flush(),
        }
    }
}
