//! A folder of records, sorted into slices by task: what a run leaves as evidence, and what is judged slice by
//! slice. Each slice is a file of records one after the other, each partition's in order.
//!
//! It is read by the program that wrote it, and is no format for anybody else.

use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use schemas_records::{Headers, Key, Timestamp};
use serde::{Deserialize, Serialize};
use topics_log::{Record, TopicPartition};

/// Tasks that are judged at once: some 60,000 records of a small team, which with all that is made of them take
/// half a gigabyte.
pub const TASKS_PER_SLICE: u64 = 2_500;

/// Most slices: each is an open file while records are read.
const SLICES_MAX: u64 = 400;

/// What stands in the folder besides records.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Contents {
    /// The namespace whose topics they are.
    pub namespace: String,
    /// Its team.
    pub team: String,
    /// How many slices there are.
    pub slices: usize,
    /// Every topic, its partitions, and how far each was stepped: the offset that its agent's group has committed, none
    /// for what is no inbox.
    pub topics: Vec<Topic>,
}

/// A topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Topic {
    /// Its full name.
    pub name: String,
    /// Its partitions.
    pub partitions: i32,
    /// The committed offset of each.
    pub stepped: Option<Vec<i64>>,
}

/// A shelf that was filled.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
    /// What is on it.
    pub contents: Contents,
}

/// A shelf that is being filled.
pub struct Filling {
    folder: PathBuf,
    contents: Contents,
    slices: Vec<BufWriter<File>>,
}

impl Filling {
    /// An empty shelf for so many tasks.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn begin(folder: &Path, mut contents: Contents, tasks: u64) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        let slices = tasks.div_ceil(TASKS_PER_SLICE).clamp(1, SLICES_MAX);
        contents.slices = usize::try_from(slices)?;
        let open = |number| Ok(BufWriter::new(File::create(file(folder, number))?));
        let slices = (0..contents.slices).map(open).collect::<anyhow::Result<_>>()?;
        Ok(Self { folder: folder.to_owned(), contents, slices })
    }

    /// Puts a record to those of its task, which anything may name that all of them share.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn put(&mut self, task: &str, record: &Record) -> anyhow::Result<()> {
        let topic =
            self.contents.topics.iter().position(|topic| *topic.name == *record.topic_partition.topic);
        let topic = u16::try_from(topic.context("a record of a topic that is not listed")?)?;
        // FNV-1a: any hash will do that is the same for one name.
        let hash = task.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let slice = usize::try_from(hash % self.slices.len() as u64)?;
        write(&mut self.slices[slice], topic, record).context("write evidence; is the disk full?")
    }

    /// Ends it.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn done(self) -> anyhow::Result<Shelf> {
        for slice in self.slices {
            slice.into_inner().map_err(|error| anyhow::anyhow!("write evidence: {}", error.error()))?;
        }
        let text = serde_json::to_string_pretty(&self.contents)?;
        std::fs::write(self.folder.join("contents.json"), text).context("write evidence")?;
        Ok(Shelf { folder: self.folder, contents: self.contents })
    }
}

impl Shelf {
    /// A shelf that was filled in this folder.
    ///
    /// # Errors
    /// A folder that is none.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(folder.join("contents.json"));
        let text = text.with_context(|| format!("read the evidence in {}", folder.display()))?;
        Ok(Self { folder: folder.to_owned(), contents: serde_json::from_str(&text)? })
    }

    /// The records of one slice, each partition's in order.
    ///
    /// # Errors
    /// A file that is cut short.
    pub fn slice(&self, number: usize) -> anyhow::Result<Vec<Record>> {
        let names: Vec<Arc<str>> =
            self.contents.topics.iter().map(|topic| topic.name.as_str().into()).collect();
        let mut from = BufReader::new(File::open(file(&self.folder, number)).context("open evidence")?);
        let mut records = Vec::new();
        while let Some(record) = read(&mut from, &names).context("read evidence: is it cut short?")? {
            records.push(record);
        }
        Ok(records)
    }
}

fn file(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("slice-{number:03}"))
}

fn write(to: &mut impl Write, topic: u16, record: &Record) -> anyhow::Result<()> {
    to.write_all(&topic.to_be_bytes())?;
    to.write_all(&record.topic_partition.partition.to_be_bytes())?;
    to.write_all(&record.offset.to_be_bytes())?;
    to.write_all(&record.timestamp.0.to_be_bytes())?;
    write_bytes(to, record.key.as_bytes())?;
    write_bytes(to, &record.value)?;
    to.write_all(&u16::try_from(record.headers.len())?.to_be_bytes())?;
    for (name, value) in record.headers.iter() {
        write_bytes(to, name.as_bytes())?;
        write_bytes(to, value)?;
    }
    Ok(())
}

fn write_bytes(to: &mut impl Write, bytes: &[u8]) -> anyhow::Result<()> {
    to.write_all(&u32::try_from(bytes.len())?.to_be_bytes())?;
    Ok(to.write_all(bytes)?)
}

/// The next record; none at the end.
fn read(from: &mut impl Read, names: &[Arc<str>]) -> anyhow::Result<Option<Record>> {
    let mut first = [0; 2];
    match from.read_exact(&mut first[..1]) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        begun => begun?,
    }
    from.read_exact(&mut first[1..])?;
    let topic = names.get(usize::from(u16::from_be_bytes(first))).context("a topic that is not listed")?;
    let partition = i32::from_be_bytes(read_array(from)?);
    let offset = i64::from_be_bytes(read_array(from)?);
    let timestamp = Timestamp(i64::from_be_bytes(read_array(from)?));
    let key = Key::new(&read_bytes(from)?);
    let value = Bytes::from(read_bytes(from)?);
    let mut headers = Headers::new();
    for _ in 0..u16::from_be_bytes(read_array(from)?) {
        let name = String::from_utf8(read_bytes(from)?)?;
        headers.push(&name, read_bytes(from)?);
    }
    let topic_partition = TopicPartition::new(Arc::clone(topic), partition);
    Ok(Some(Record { topic_partition, offset, timestamp, key, value, headers }))
}

fn read_array<const LENGTH: usize>(from: &mut impl Read) -> anyhow::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_bytes(from: &mut impl Read) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(u32::from_be_bytes(read_array(from)?))?];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
