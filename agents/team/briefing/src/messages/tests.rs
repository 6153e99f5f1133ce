//! Messages against their schemas, and what a question may be.

use std::collections::BTreeMap;
use std::fmt::Debug;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use schemas_records::Message;
use serde_json::Value;

use super::question::{Invalid, PAY_CENTS_MAX, QUESTION_BYTES_MAX, SECTOR_BYTES_MAX, WEEKLY_HOURS_MAX};
use super::*;
use crate::month::Month;

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

/// A plan that keeps every rule, and leaves nothing open.
pub(crate) fn plan() -> HiringPlan {
    HiringPlan {
        headcount: 12,
        contract: ContractKind::Permanent,
        start: month("2014-06"),
        duration_months: None,
        weekly_hours: 38,
        pay_cents_per_hour: 2_950,
        overtime_percent: None,
        trial_months: 2,
        age_min: Some(18),
        age_max: None,
        hazardous_work: Some(false),
        checks_work_papers: Some(true),
        directs_the_work: None,
        replaces_staff: None,
        keeps_pay_records_years: Some(3),
        employees_now: Some(35),
        offers_health_cover: None,
        cover_wait_days: None,
        notice_days: None,
    }
}

/// A question with [`plan`] that asks for everything.
pub(crate) fn question() -> Question {
    Question {
        question: "Should we?".to_owned(),
        sector: "construction".to_owned(),
        month: month("2014-03"),
        plan: Some(plan()),
        ask: Part::ALL.to_vec(),
        within_seconds: None,
        late_drill: None,
    }
}

pub(crate) fn figures() -> Figures {
    Figures {
        sector: "construction".to_owned(),
        month: month("2009-06"),
        employment: Some(Employment {
            level: 6_010_000,
            total: 131_022_000,
            share_ppm: 45_870,
            change_month: Some(-90_000),
            change_month_ppm: Some(-14_754),
            change_year: Some(-1_203_000),
            change_year_ppm: Some(-166_783),
        }),
        unemployment: Some(Unemployment {
            industry: "Construction".to_owned(),
            persons: 1_601_000,
            rate_bp: 1_740,
            change_year_bp: Some(920),
        }),
        others: vec![
            level("retail_trade", "2009-06", 14_500_000),
            level("retail_trade", "2008-06", 15_300_000),
        ],
        queries: vec![asked("employment", ""), asked("unemployment", ""), asked("proposed", "scripted")],
        tables: "tables-x".to_owned(),
        notes: vec!["a note".to_owned()],
        gaps: vec!["a gap".to_owned()],
        wording: "Fewer build.".to_owned(),
        model: "scripted".to_owned(),
    }
}

fn level(sector: &str, at: &str, persons: i64) -> Level {
    Level { sector: sector.to_owned(), month: month(at), persons }
}

fn asked(name: &str, author: &str) -> Asked {
    Asked {
        name: name.to_owned(),
        statement: "SELECT 1 WHERE ? = ?".to_owned(),
        parameters: vec!["a".to_owned(), "b".to_owned()],
        rows: 1,
        author: author.to_owned(),
    }
}

pub(crate) fn trend() -> Trend {
    Trend {
        sector: "construction".to_owned(),
        month: month("2009-06"),
        direction: Direction::Falling,
        slope_12: Slope { persons_per_month: -113_000, per_year_ppm: -206_900 },
        slope_36: Some(Slope { persons_per_month: -45_000, per_year_ppm: -75_400 }),
        seasons: vec![Season {
            measure: Measure::UnemploymentRate,
            by_month_ppm: vec![1, 2, 3, 4, 5, 6, -6, -5, -4, -3, -2, -1],
            until: month("2009-06"),
        }],
        turning_points: vec![TurningPoint { month: month("2006-08"), turn: Turn::Peak, level: 7_720_000 }],
        volatility_ppm: 7_899,
        gaps: Vec::new(),
        wording: String::new(),
        model: String::new(),
    }
}

pub(crate) fn compliance() -> Compliance {
    Compliance {
        sector: "construction".to_owned(),
        month: month("2009-06"),
        findings: vec![Finding {
            rule: "overtime".to_owned(),
            article: "29 U.S.C. § 207(a)(1)".to_owned(),
            status: Status::Open,
            reason: "the plan does not say".to_owned(),
            remedy: "say it".to_owned(),
            official: "https://example.org/207".to_owned(),
            citation: Some(citation("overtime.md#0001")),
        }],
        also: vec![citation("equal_pay.md#0001")],
        gaps: Vec::new(),
        wording: "Mostly kept.".to_owned(),
        model: "scripted".to_owned(),
    }
}

fn citation(passage: &str) -> Citation {
    Citation {
        passage: passage.to_owned(),
        article: "29 U.S.C. § 207(a)(1)".to_owned(),
        title: "Overtime pay".to_owned(),
        text: "Hours beyond forty cost more.\n\nMuch more.\n\nOfficial text: https://example.org/207"
            .to_owned(),
    }
}

fn order() -> Order {
    Order {
        question: question(),
        asked_sector: Some("builders".to_owned()),
        wanted: vec![Part::Figures],
        left_out: vec![Missing { part: Part::Trend, cause: Cause::NotPlanned, reason: "so".to_owned() }],
        author: "scripted".to_owned(),
        notes: vec!["a note".to_owned()],
    }
}

fn inquiry() -> Inquiry {
    Inquiry {
        question: Some(question()),
        proposal: Some(asked("proposed", "scripted")),
        claimed: figures().others,
        awaited: vec!["coverage".to_owned()],
        found: Found {
            levels: figures().others,
            rates: vec![Rate { month: month("2009-06"), persons: 1, rate_bp: 2 }],
            spans: vec![Span {
                counted: "employment".to_owned(),
                first: month("2006-01"),
                last: month("2015-12"),
            }],
            tables: "tables-x".to_owned(),
            asked: figures().queries,
            notes: figures().notes,
            failed: vec!["it failed".to_owned()],
        },
        figures: Some(figures()),
    }
}

fn brief() -> Brief {
    Brief {
        question: "Should we?".to_owned(),
        sector: "construction".to_owned(),
        month: month("2009-06"),
        plan: "12 persons".to_owned(),
        verdict: Verdict::DoNotHire,
        headline: "Do not hire: ...".to_owned(),
        paragraphs: ORIGINS.map(statement).to_vec(),
        figures: vec![Figure {
            part: Part::Trend,
            name: "spread".to_owned(),
            value: i64::MIN,
            unit: Unit::PartsPerMillion,
            source: "trend::compute".to_owned(),
            query: "employment".to_owned(),
        }],
        queries: figures().queries,
        tables: "tables-x".to_owned(),
        rules: compliance().findings,
        also: compliance().also,
        conditions: vec![statement(Origin::Rule)],
        missing: vec![Missing { part: Part::Compliance, cause: Cause::Late, reason: "too late".to_owned() }],
        written: vec![statement(Origin::Task)],
        spoke: vec![Spoke { about: "brief".to_owned(), model: "scripted".to_owned() }],
    }
}

const ORIGINS: [Origin; 6] =
    [Origin::Query, Origin::Computation, Origin::Passage, Origin::Rule, Origin::Model, Origin::Task];

fn statement(origin: Origin) -> Statement {
    Statement { text: "It is so.".to_owned(), origin, source: "somewhere".to_owned() }
}

fn round_trip<M: Message + PartialEq + Debug>(message: &M) {
    let schema = Schema::parse_str(M::SCHEMA).unwrap();
    assert_eq!(schema.name().unwrap().fullname(None), M::NAME);
    let bytes = GenericDatumWriter::builder(&schema).build().unwrap().write_ser_to_vec(message).unwrap();
    let reader = GenericDatumReader::builder(&schema).build().unwrap();
    let mut rest = bytes.as_slice();
    assert_eq!(&reader.read_deser::<M>(&mut rest).unwrap(), message);
    assert!(rest.is_empty(), "bytes left over");
    // The slow way (a generic value, then the type) must agree with the fast one: it is what older writers go through.
    let value = reader.read_value(&mut bytes.as_slice()).unwrap();
    assert_eq!(&apache_avro::from_value::<M>(&value).unwrap(), message);
    assert_eq!(&serde_json::from_str::<M>(&serde_json::to_string(message).unwrap()).unwrap(), message);
}

#[test]
fn every_message_survives_the_wire() {
    // Shows: each message, full and as empty as it may be, is the same after Avro (both paths) and JSON.
    round_trip(&question());
    round_trip(&Question { plan: None, ask: vec![Part::Trend], ..question() });
    round_trip(&Question { within_seconds: Some(2), late_drill: Some(Part::Compliance), ..question() });
    for contract in [
        ContractKind::Permanent,
        ContractKind::FixedTerm,
        ContractKind::TemporaryAgency,
        ContractKind::Internship,
        ContractKind::Contractor,
        ContractKind::Other,
    ] {
        let full = HiringPlan {
            contract,
            duration_months: Some(1),
            overtime_percent: Some(150),
            age_max: Some(99),
            directs_the_work: Some(true),
            replaces_staff: Some(false),
            offers_health_cover: Some(true),
            cover_wait_days: Some(30),
            notice_days: Some(60),
            ..plan()
        };
        round_trip(&Question { plan: Some(full), ..question() });
    }
    round_trip(&figures());
    round_trip(&Figures {
        employment: None,
        unemployment: None,
        others: Vec::new(),
        queries: Vec::new(),
        gaps: Vec::new(),
        ..figures()
    });
    round_trip(&trend());
    round_trip(&Trend { slope_36: None, seasons: Vec::new(), turning_points: Vec::new(), ..trend() });
    round_trip(&compliance());
    round_trip(&order());
    round_trip(&Order { asked_sector: None, left_out: Vec::new(), ..order() });
    round_trip(&inquiry());
    round_trip(&Inquiry::default());
    round_trip(&Draft::default());
    round_trip(&Draft {
        question: Some(question()),
        order: Some(order()),
        awaited: vec!["overtime".to_owned()],
        figures: Some(figures()),
        trend: Some(trend()),
        compliance: Some(compliance()),
        missing: order().left_out,
    });
    round_trip(&brief());
    for verdict in Verdict::ALL {
        round_trip(&Brief { verdict, spoke: Vec::new(), ..brief() });
    }
}

#[test]
fn a_later_symbol_is_read_as_its_enums_default() {
    // Shows: a writer with a contract kind this version does not know is read as "other", not refused.
    let newer = Question::SCHEMA.replacen("\"other\"", "\"other\", \"apprenticeship\"", 1);
    assert_ne!(newer, Question::SCHEMA);
    let (writer, reader) = (Schema::parse_str(&newer).unwrap(), Schema::parse_str(Question::SCHEMA).unwrap());
    let mut value = GenericDatumReader::builder(&reader)
        .build()
        .unwrap()
        .read_value(&mut written(&question()).as_slice())
        .unwrap();
    rename_contract(&mut value);
    let bytes = GenericDatumWriter::builder(&writer).build().unwrap().write_value_to_vec(value).unwrap();
    let resolved = GenericDatumReader::builder(&writer).reader_schema(&reader).build().unwrap();
    let read: Question =
        apache_avro::from_value(&resolved.read_value(&mut bytes.as_slice()).unwrap()).unwrap();
    assert_eq!(read.plan.unwrap().contract, ContractKind::Other);
}

fn written(question: &Question) -> Vec<u8> {
    let schema = Schema::parse_str(Question::SCHEMA).unwrap();
    GenericDatumWriter::builder(&schema).build().unwrap().write_ser_to_vec(question).unwrap()
}

/// Puts the newer symbol where the contract stands, wherever that is in the value.
fn rename_contract(value: &mut apache_avro::types::Value) {
    use apache_avro::types::Value;
    match value {
        Value::Enum(index, symbol) if symbol == "permanent" => {
            (*index, *symbol) = (6, "apprenticeship".to_owned())
        }
        Value::Union(_, inner) => rename_contract(inner),
        Value::Record(fields) => fields.iter_mut().for_each(|(_, field)| rename_contract(field)),
        _ => {}
    }
}

#[test]
fn a_question_without_the_optional_fields_is_read_with_their_defaults() {
    // Shows: plain JSON as a person would type it; all three parts are asked for, what is not said is not known.
    let text = r#"{"question":"Should we?","sector":"construction","month":"2014-03","plan":{"headcount":3,
        "contract":"fixed_term","start":"2014-05","weekly_hours":40,"pay_cents_per_hour":1500}}"#;
    let question: Question = serde_json::from_str(text).unwrap();
    assert_eq!(question.ask, Part::ALL);
    let plan = question.plan.as_ref().unwrap();
    assert_eq!((plan.trial_months, plan.age_min, plan.contract), (0, None, ContractKind::FixedTerm));
    assert_eq!(question.check(), Ok(()));
}

#[test]
fn a_field_nobody_knows_is_refused() {
    // Shows: reading is strict on both levels, and a month, a part or a contract that does not exist is an error.
    let check = |text: &str, names: &str| {
        let error = serde_json::from_str::<Question>(text).unwrap_err().to_string();
        assert!(error.contains(names), "{error}");
    };
    check(r#"{"question":"a","sector":"b","month":"2014-03","colour":"red"}"#, "colour");
    check(r#"{"question":"a","sector":"b","month":"2014-03","plan":{"headcount":1,"heads":2}}"#, "heads");
    check(r#"{"question":"a","sector":"b","month":"March"}"#, "YYYY-MM");
    check(r#"{"question":"a","sector":"b","month":"2014-03","ask":["gossip"]}"#, "gossip");
    check(r#"{"question":"a","sector":"b"}"#, "month");
    check(
        r#"{"question":"a","sector":"b","month":"2014-03","plan":{"headcount":99999999999}}"#,
        "99999999999",
    );
}

#[test]
fn a_question_that_cannot_be_worked_on_names_its_field() {
    // Shows: blank and overlong texts, nothing asked, and numbers out of bounds; the bounds themselves are allowed.
    let with = |change: &dyn Fn(&mut Question)| {
        let mut question = question();
        change(&mut question);
        question.check()
    };
    assert_eq!(with(&|_| {}), Ok(()));
    assert_eq!(with(&|q| q.question = "x".repeat(QUESTION_BYTES_MAX)), Ok(()));
    assert_eq!(with(&|q| q.plan = None), Ok(()));
    let check = |change: &dyn Fn(&mut Question), expected: Invalid| assert_eq!(with(change), Err(expected));
    check(&|q| q.question = " \n\t".to_owned(), Invalid::Empty { field: "question" });
    check(&|q| q.sector.clear(), Invalid::Empty { field: "sector" });
    check(
        &|q| q.question = "x".repeat(QUESTION_BYTES_MAX + 1),
        Invalid::TooLong { field: "question", found: QUESTION_BYTES_MAX + 1, allowed: QUESTION_BYTES_MAX },
    );
    check(
        &|q| q.sector = "ü".repeat(SECTOR_BYTES_MAX),
        Invalid::TooLong { field: "sector", found: 2 * SECTOR_BYTES_MAX, allowed: SECTOR_BYTES_MAX },
    );
    check(&|q| q.ask.clear(), Invalid::NothingAsked);
    check(&|q| q.within_seconds = Some(0), Invalid::Within { found: 0 });
    check(&|q| q.within_seconds = Some(86_401), Invalid::Within { found: 86_401 });
    check(&|q| q.late_drill = Some(Part::Trend), Invalid::EndlessDrill);
    assert_eq!(with(&|q| (q.within_seconds, q.late_drill) = (Some(1), Some(Part::Trend))), Ok(()));

    let check = |change: &dyn Fn(&mut HiringPlan), field: &'static str, found: i64, allowed: i64| {
        let mut plan = plan();
        change(&mut plan);
        let question = Question { plan: Some(plan), ..question() };
        assert_eq!(question.check(), Err(Invalid::OutOfRange { field, found, allowed }));
    };
    check(&|p| p.headcount = -1, "headcount", -1, question::HEADCOUNT_MAX.into());
    check(&|p| p.weekly_hours = 169, "weekly_hours", 169, WEEKLY_HOURS_MAX.into());
    check(
        &|p| p.pay_cents_per_hour = PAY_CENTS_MAX + 1,
        "pay_cents_per_hour",
        PAY_CENTS_MAX + 1,
        PAY_CENTS_MAX,
    );
    check(&|p| p.age_min = Some(121), "age_min", 121, 120);
    check(&|p| p.notice_days = Some(-5), "notice_days", -5, 3_650);
}

#[test]
fn the_schemas_say_what_the_types_mean() {
    // Shows: every field is documented, no field hides JSON or a double, and a type that stands in two files is the same in both.
    let mut named: BTreeMap<String, Value> = BTreeMap::new();
    let schemas =
        [Question::SCHEMA, Order::SCHEMA, Figures::SCHEMA, Trend::SCHEMA, Compliance::SCHEMA, Brief::SCHEMA];
    for schema in schemas {
        let schema: Value = serde_json::from_str(schema).unwrap();
        assert_eq!(schema["namespace"], "tributary.briefing");
        visit(&schema, &mut named);
    }
    assert!(named.contains_key("HiringPlan") && named.contains_key("Spoke"));
}

fn visit(schema: &Value, named: &mut BTreeMap<String, Value>) {
    match schema {
        Value::String(name) => assert!(!["double", "float", "bytes"].contains(&name.as_str()), "{name}"),
        Value::Array(union) => union.iter().for_each(|branch| visit(branch, named)),
        Value::Object(object) => {
            assert!(
                object.get("name").is_none() || object.get("doc").is_some_and(|doc| doc != ""),
                "{object:?}"
            );
            if let (Some(Value::String(name)), Some(Value::String(_))) =
                (object.get("name"), object.get("type"))
            {
                // A file's own record names its namespace too.
                let mut plain = object.clone();
                plain.remove("namespace");
                let plain = Value::Object(plain);
                let first = named.entry(name.clone()).or_insert_with(|| plain.clone());
                assert_eq!(*first, plain, "{name} differs between two files");
            }
            for field in object.get("fields").and_then(Value::as_array).into_iter().flatten() {
                assert!(field["doc"].as_str().is_some_and(|doc| !doc.is_empty()), "{field}");
                visit(&field["type"], named);
            }
            object.get("items").into_iter().for_each(|items| visit(items, named));
        }
        other => panic!("no schema: {other}"),
    }
}
