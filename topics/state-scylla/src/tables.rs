//! What lies where: every table, its key, and the options in which the two kinds of server differ.
//!
//! This is the one place that knows them; statements only name tables and columns.

use crate::settings::Settings;

/// The version of these tables. Another shape of any of them is another version.
pub(crate) const VERSION: &str = "1";

/// How long servers keep a deletion, in seconds: the ten days that both kinds have as default, within
/// which an operator repairs replicas. It must not be below [`topics_state::LATE_WRITE_MAX`]: a late
/// write that outlives the deletion which covers it rises again. A row that ends counts from when it was
/// written: one that lived longer than this is forgotten as soon as it ends.
const GC_GRACE_SECONDS: u32 = 864_000;

/// What kind of server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Apache Cassandra 5.
    Cassandra,
    /// ScyllaDB: shards, tablets.
    Scylla,
}

/// A column's part in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Of the partition key.
    Partition,
    /// Of the clustering key, rising.
    Rising,
    /// Of the clustering key, falling: the newest first.
    Falling,
    /// Neither.
    Value,
}

/// A column: name, type, part.
pub(crate) type Column = (&'static str, &'static str, Part);

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns, keys first and in their order.
    pub columns: &'static [Column],
}

/// All tables.
///
/// - `states`: versions by position, one payload cell a row, newest first: a read never meets what was
///   deleted below. `state_chunks` lie beside them, under the same partition key and positions, so that
///   what prunes a version prunes its chunks.
/// - `owners`: conditional writes only; `nonce` is another one with every write.
/// - `kept`, `inserted`: values by key, those set plainly and those inserted if absent: the two are
///   ordered by different clocks and must not meet in one row. `value_chunks` serve both.
/// - `due`: rows by time, a partition a minute: what was deleted in one is not met in the next.
/// - `about`: the store's id and these tables' version.
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "states",
        columns: &[
            ("agent", "text", Part::Partition),
            ("key", "blob", Part::Partition),
            ("generation", "int", Part::Falling),
            ("position", "bigint", Part::Falling),
            ("value", "blob", Part::Value),
        ],
    },
    Table {
        name: "state_chunks",
        columns: &[
            ("agent", "text", Part::Partition),
            ("key", "blob", Part::Partition),
            ("generation", "int", Part::Falling),
            ("position", "bigint", Part::Falling),
            ("id", "blob", Part::Rising),
            ("chunk", "int", Part::Rising),
            ("value", "blob", Part::Value),
        ],
    },
    Table {
        name: "owners",
        columns: &[
            ("agent", "text", Part::Partition),
            ("generation", "int", Part::Partition),
            ("inbox_partition", "int", Part::Partition),
            ("epoch", "bigint", Part::Value),
            ("topic_id", "text", Part::Value),
            ("committed", "bigint", Part::Value),
            ("stepping", "bigint", Part::Value),
            ("deaths", "bigint", Part::Value),
            ("closed", "boolean", Part::Value),
            ("nonce", "blob", Part::Value),
        ],
    },
    Table {
        name: "kept",
        columns: &[
            ("space", "text", Part::Partition),
            ("key", "blob", Part::Partition),
            ("value", "blob", Part::Value),
        ],
    },
    Table {
        name: "inserted",
        columns: &[
            ("space", "text", Part::Partition),
            ("key", "blob", Part::Partition),
            ("value", "blob", Part::Value),
            ("nonce", "blob", Part::Value),
        ],
    },
    Table {
        name: "value_chunks",
        columns: &[
            ("space", "text", Part::Partition),
            ("key", "blob", Part::Partition),
            ("id", "blob", Part::Rising),
            ("chunk", "int", Part::Rising),
            ("value", "blob", Part::Value),
        ],
    },
    Table {
        name: "due",
        columns: &[
            ("space", "text", Part::Partition),
            ("bucket", "int", Part::Partition),
            ("minute", "bigint", Part::Partition),
            ("due", "bigint", Part::Rising),
            ("key", "blob", Part::Rising),
            ("value", "blob", Part::Value),
        ],
    },
    Table { name: "about", columns: &[("name", "text", Part::Partition), ("value", "text", Part::Value)] },
];

impl Table {
    /// The statement that makes it, if it is not there.
    pub fn creation(&self, keyspace: &str) -> String {
        let columns: Vec<_> = self.columns.iter().map(|(name, kind, _)| format!("{name} {kind}")).collect();
        let (partition, clustering) =
            (self.names(&[Part::Partition]), self.names(&[Part::Rising, Part::Falling]));
        let key: Vec<_> = [format!("({})", partition.join(", "))]
            .into_iter()
            .chain(clustering.iter().map(|name| (*name).to_owned()))
            .collect();
        let order: Vec<_> = self
            .columns
            .iter()
            .filter_map(|(name, _, part)| Some(format!("{name} {}", part.order()?)))
            .collect();
        let order = if order.is_empty() {
            String::new()
        } else {
            format!("CLUSTERING ORDER BY ({}) AND ", order.join(", "))
        };
        format!(
            "CREATE TABLE IF NOT EXISTS {keyspace}.{} ({}, PRIMARY KEY ({})) WITH {order}gc_grace_seconds = {GC_GRACE_SECONDS}",
            self.name,
            columns.join(", "),
            key.join(", "),
        )
    }

    fn names(&self, parts: &[Part]) -> Vec<&'static str> {
        self.columns.iter().filter(|(_, _, part)| parts.contains(part)).map(|(name, _, _)| *name).collect()
    }
}

impl Part {
    /// What `system_schema.columns` calls it: its kind and its clustering order.
    pub fn described(self) -> (&'static str, &'static str) {
        match self {
            Self::Partition => ("partition_key", "none"),
            Self::Rising => ("clustering", "asc"),
            Self::Falling => ("clustering", "desc"),
            Self::Value => ("regular", "none"),
        }
    }

    fn order(self) -> Option<&'static str> {
        match self {
            Self::Rising => Some("ASC"),
            Self::Falling => Some("DESC"),
            Self::Partition | Self::Value => None,
        }
    }
}

/// The statement that makes the keyspace, if it is not there. Its strategy is the one that tablets need
/// and that grows to several datacenters. ScyllaDB makes tablets unless told otherwise.
pub(crate) fn keyspace_creation(settings: &Settings, dialect: Dialect) -> String {
    let tablets = match dialect {
        Dialect::Cassandra => String::new(),
        Dialect::Scylla => format!(" AND tablets = {{'enabled': {}}}", settings.tablets),
    };
    format!(
        "CREATE KEYSPACE IF NOT EXISTS {} WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': {}}}{tablets}",
        settings.keyspace, settings.replication
    )
}

#[cfg(test)]
mod tests {
    //! The statements that make tables and keyspaces.

    use super::{Dialect, TABLES, keyspace_creation};
    use crate::settings::Settings;

    /// Shows the table that matters most, word by word.
    #[test]
    fn states() {
        assert_eq!(
            TABLES[0].creation("ks"),
            "CREATE TABLE IF NOT EXISTS ks.states (agent text, key blob, generation int, position bigint, value blob, \
             PRIMARY KEY ((agent, key), generation, position)) \
             WITH CLUSTERING ORDER BY (generation DESC, position DESC) AND gc_grace_seconds = 864000"
        );
    }

    /// Shows that no table is made in a way that could change or remove one, and that deletions are kept
    /// for longer than a late write can take.
    #[test]
    fn never_destructive() {
        for table in TABLES {
            let creation = table.creation("ks");
            assert!(creation.starts_with("CREATE TABLE IF NOT EXISTS ks."), "{creation}");
        }
        let late = topics_state::LATE_WRITE_MAX.as_secs();
        assert!(u64::from(super::GC_GRACE_SECONDS) > 2 * late);
    }

    /// Shows the keyspace in both dialects: without tablets unless they are asked for.
    #[test]
    fn keyspaces() {
        let settings = |tablets| Settings { tablets, ..Settings::default() };
        let plain = "CREATE KEYSPACE IF NOT EXISTS tributary WITH replication = \
                     {'class': 'NetworkTopologyStrategy', 'replication_factor': 3}";
        let cases = [
            (Dialect::Cassandra, false, String::new()),
            (Dialect::Cassandra, true, String::new()),
            (Dialect::Scylla, false, " AND tablets = {'enabled': false}".to_owned()),
            (Dialect::Scylla, true, " AND tablets = {'enabled': true}".to_owned()),
        ];
        for (dialect, tablets, added) in cases {
            assert_eq!(keyspace_creation(&settings(tablets), dialect), format!("{plain}{added}"));
        }
    }
}
