//! `tributary acls print`: what the brokers must allow, as a table or as Kafka's own commands.

use std::fmt::Write;

use infra_node::acls::{Acl, Principals, Resource};
use infra_node::{Config, Node, Team};

use crate::args::Acls;

/// Says it. The configuration's roles count; its brokers are not asked.
pub(crate) async fn run(config: &Config, team: Team, command: &Acls) -> anyhow::Result<String> {
    let Acls::Print { node: principal, producer, reader, tool, operator, commands } = command;
    let principals = Principals {
        node: principal.clone(),
        producer: producer.clone(),
        reader: reader.clone(),
        tools: tool.iter().map(|given| served(given)).collect::<anyhow::Result<_>>()?,
        operator: operator.clone(),
    };
    let named =
        [Some(principal), producer.as_ref(), reader.as_ref(), operator.as_ref()].into_iter().flatten();
    for principal in named.chain(principals.tools.iter().map(|(_, principal)| principal)) {
        check(principal)?;
    }
    // Names and roles are all that is needed, so the node stands on a log in memory.
    let mut config = config.clone();
    config.brokers = None;
    config.settings.outside.folder = None;
    let doors = infra_node::open_to_look(&config, None).await?;
    let acls = Node::new(team, doors, config.settings.clone())?.acls(&principals)?;
    Ok(if *commands { lines(&acls) } else { table(&acls) })
}

/// A tool, and who serves it.
fn served(given: &str) -> anyhow::Result<(String, String)> {
    let Some((tool, principal)) = given.split_once('=') else {
        anyhow::bail!("{given:?} says no tool: use TOOL=User:NAME");
    };
    Ok((tool.to_owned(), principal.to_owned()))
}

/// A principal has a type and a name; Kafka takes one without, and it never matches anybody.
fn check(principal: &str) -> anyhow::Result<()> {
    let is_whole = principal.split_once(':').is_some_and(|(kind, name)| !kind.is_empty() && !name.is_empty());
    let is_line = !principal.chars().any(char::is_control);
    anyhow::ensure!(
        is_whole && is_line,
        "{principal:?} is no principal: use User:NAME, as the broker knows it"
    );
    Ok(())
}

/// A header and a row for each, a blank line between principals.
fn table(acls: &[Acl]) -> String {
    let mut rows = vec![["PRINCIPAL", "RESOURCE", "NAME", "OPERATIONS", "FOR"].map(str::to_owned).to_vec()];
    rows.extend(acls.iter().map(|acl| {
        let operations: Vec<String> = acl.operations.iter().map(ToString::to_string).collect();
        let name = if acl.is_prefix { format!("{}*", acl.name) } else { acl.name.clone() };
        vec![
            acl.principal.clone(),
            word(acl.resource).to_owned(),
            name,
            operations.join(" "),
            acl.purpose.clone(),
        ]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..4).map(width).collect();
    let (mut text, mut last) = (String::new(), String::new());
    for (index, row) in rows.iter().enumerate() {
        if index > 1 && row[0] != last {
            text.push('\n');
        }
        row[0].clone_into(&mut last);
        for (cell, width) in row.iter().zip(&widths) {
            // Writing into a string cannot fail.
            let _ = write!(text, "{cell:width$}  ");
        }
        text.push_str(&row[4]);
        text.push('\n');
    }
    text.push_str("\na name with * is a beginning; what may be read or written may also be described\n");
    text
}

/// One line of kafka-acls.sh for each.
fn lines(acls: &[Acl]) -> String {
    let mut text = String::from(
        "# BROKERS=HOST:PORT and ADMIN=FILE (an administrator's client properties) first; each line may be repeated\n",
    );
    for acl in acls {
        let _ = write!(
            text,
            "kafka-acls.sh --bootstrap-server \"$BROKERS\" --command-config \"$ADMIN\" --add --allow-principal {}",
            quoted(&acl.principal)
        );
        for operation in &acl.operations {
            let _ = write!(text, " --operation {operation}");
        }
        let (option, pattern) = (word(acl.resource), if acl.is_prefix { "prefixed" } else { "literal" });
        let _ = writeln!(text, " --{option} {} --resource-pattern-type {pattern}", quoted(&acl.name));
    }
    text
}

/// As the shell takes it whole: a certificate's name has spaces and commas.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn word(resource: Resource) -> &'static str {
    match resource {
        Resource::Topic => "topic",
        Resource::Group => "group",
        Resource::TransactionalId => "transactional-id",
    }
}

#[cfg(test)]
mod tests {
    //! How rows are printed, and what is no principal.

    use infra_node::acls::{Acl, Operation, Resource};

    use super::{check, lines, table};

    fn acl(principal: &str, resource: Resource, is_prefix: bool) -> Acl {
        Acl {
            principal: principal.to_owned(),
            resource,
            name: "mine.team.x".to_owned(),
            is_prefix,
            operations: vec![Operation::Describe, Operation::Read],
            purpose: "x".to_owned(),
        }
    }

    /// Each kind of resource has its option, names are quoted, and a beginning is marked.
    #[test]
    fn prints_rows() {
        let check = |acl: Acl, row: &str, line: &str| {
            let (table, lines) = (table(std::slice::from_ref(&acl)), lines(&[acl]));
            assert!(table.lines().any(|found| found == row), "{table}");
            assert!(lines.lines().any(|found| found.ends_with(line)), "{lines}");
        };
        check(
            acl("User:ann", Resource::Topic, false),
            "User:ann   topic     mine.team.x  Describe Read  x",
            "--add --allow-principal 'User:ann' --operation Describe --operation Read --topic 'mine.team.x' \
             --resource-pattern-type literal",
        );
        check(
            acl("User:CN=o'neill, O=x", Resource::TransactionalId, true),
            "User:CN=o'neill, O=x  transactional-id  mine.team.x*  Describe Read  x",
            r"--allow-principal 'User:CN=o'\''neill, O=x' --operation Describe --operation Read --transactional-id 'mine.team.x' --resource-pattern-type prefixed",
        );
        check(
            acl("User:ann", Resource::Group, true),
            "User:ann   group     mine.team.x*  Describe Read  x",
            "--group 'mine.team.x' --resource-pattern-type prefixed",
        );
    }

    /// A principal has a type and a name.
    #[test]
    fn knows_a_principal() {
        let cases = [
            ("User:ann", true),
            ("User:CN=ann,O=x", true),
            ("ann", false),
            ("User:", false),
            (":ann", false),
            ("User:a\nb", false),
        ];
        for (principal, expected) in cases {
            assert_eq!(check(principal).is_ok(), expected, "{principal:?}");
        }
    }
}
