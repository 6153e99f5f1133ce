//! Granting ACLs through the admin protocol, as `kafka-acls.sh` does: its lines are what is read here.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::ptr;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::AdminClient;
use rdkafka::bindings as sys;
use rdkafka::client::DefaultClientContext;
use tests_integration::SecureBroker;

/// How long the broker may take.
const BOUND_MS: i32 = 20_000;

/// One thing that is allowed.
#[derive(Debug)]
pub struct Grant {
    principal: String,
    operation: String,
    /// `topic`, `group` or `transactional-id`.
    resource: String,
    name: String,
    /// `literal` or `prefixed`.
    pattern: String,
}

impl Grant {
    /// A principal may do something with what has exactly this name.
    pub fn new(account: &str, operation: &str, resource: &str, name: &str) -> Self {
        let [principal, operation, resource, name, pattern] =
            [&format!("User:{account}"), operation, resource, name, "literal"].map(str::to_owned);
        Self { principal, operation, resource, name, pattern }
    }

    /// What the lines of kafka-acls.sh grant; anything in them that is not understood fails the test.
    pub fn parse(lines: &str) -> Vec<Self> {
        let lines = lines.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        lines.flat_map(parse_line).collect()
    }
}

fn parse_line(line: &str) -> Vec<Grant> {
    let mut words = line.split_whitespace().map(|word| word.trim_matches(|c| c == '\'' || c == '"'));
    assert_eq!(words.next(), Some("kafka-acls.sh"), "{line}");
    let (mut told, mut operations) = (BTreeMap::new(), Vec::new());
    while let Some(option) = words.next() {
        let option = option.strip_prefix("--").unwrap_or_else(|| panic!("{option} in {line}"));
        if option == "add" {
            continue;
        }
        let value = words.next().unwrap_or_else(|| panic!("--{option} without a value in {line}")).to_owned();
        match option {
            "operation" => operations.push(value),
            _ => drop(told.insert(option, value)),
        }
    }
    let mut take = |option: &str| told.remove(option).unwrap_or_else(|| panic!("no --{option} in {line}"));
    let (principal, pattern) = (take("allow-principal"), take("resource-pattern-type"));
    assert_eq!((take("bootstrap-server").as_str(), take("command-config").as_str()), ("$BROKERS", "$ADMIN"));
    assert_eq!(told.len(), 1, "one resource in {line}");
    let (resource, name) = told.into_iter().next().expect("one");
    let grant = |operation| Grant {
        principal: principal.clone(),
        operation,
        resource: resource.to_owned(),
        name: name.clone(),
        pattern: pattern.clone(),
    };
    operations.into_iter().map(grant).collect()
}

/// Grants these, and nothing else, as the broker's super user.
pub async fn grant(broker: &SecureBroker, grants: Vec<Grant>) {
    let brokers = broker.open.clone();
    let done = tokio::task::spawn_blocking(move || create(&brokers, &grants));
    done.await.expect("a thread");
}

fn create(brokers: &str, grants: &[Grant]) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    let admin: AdminClient<DefaultClientContext> = config.create().expect("an admin client");
    let client = admin.inner().native_ptr();
    // SAFETY: every value lives until it is destroyed below, once; librdkafka copies the bindings.
    unsafe {
        let mut bindings: Vec<*mut sys::rd_kafka_AclBinding_t> =
            grants.iter().map(|grant| binding(grant)).collect();
        let queue = sys::rd_kafka_queue_new(client);
        sys::rd_kafka_CreateAcls(client, bindings.as_mut_ptr(), bindings.len(), ptr::null(), queue);
        let event = sys::rd_kafka_queue_poll(queue, BOUND_MS);
        assert!(!event.is_null(), "no answer to the grants");
        let result = sys::rd_kafka_event_CreateAcls_result(event);
        assert!(!result.is_null(), "{:?}", sys::rd_kafka_event_error(event));
        let mut count = 0;
        let answers = sys::rd_kafka_CreateAcls_result_acls(result, &raw mut count);
        for (index, grant) in grants.iter().enumerate().take(count) {
            let error = sys::rd_kafka_acl_result_error(*answers.add(index));
            assert!(error.is_null(), "{grant:?}: {:?}", sys::rd_kafka_error_code(error));
        }
        assert_eq!(count, grants.len(), "answers");
        for binding in bindings {
            sys::rd_kafka_AclBinding_destroy(binding);
        }
        sys::rd_kafka_event_destroy(event);
        sys::rd_kafka_queue_destroy(queue);
    }
    // The broker applies what its controller has written a moment later.
    let deadline = Instant::now() + Duration::from_secs(20);
    while !grants.iter().all(|grant| is_seen(client, grant)) {
        assert!(Instant::now() < deadline, "the broker does not apply {grants:?}");
    }
}

/// Whether the broker shows exactly this one.
fn is_seen(client: *mut sys::rd_kafka_t, grant: &Grant) -> bool {
    // SAFETY: as in `create`; the filter is a binding as any other.
    unsafe {
        let filter = binding(grant);
        let queue = sys::rd_kafka_queue_new(client);
        sys::rd_kafka_DescribeAcls(client, filter, ptr::null(), queue);
        let event = sys::rd_kafka_queue_poll(queue, BOUND_MS);
        assert!(!event.is_null(), "no answer about {grant:?}");
        let result = sys::rd_kafka_event_DescribeAcls_result(event);
        let mut count = 0;
        if !result.is_null() {
            sys::rd_kafka_DescribeAcls_result_acls(result, &raw mut count);
        }
        sys::rd_kafka_AclBinding_destroy(filter);
        sys::rd_kafka_event_destroy(event);
        sys::rd_kafka_queue_destroy(queue);
        count == 1
    }
}

/// # Safety
/// The caller destroys what is returned.
unsafe fn binding(grant: &Grant) -> *mut sys::rd_kafka_AclBinding_t {
    use sys::rd_kafka_AclOperation_t as Operation;
    use sys::rd_kafka_ResourcePatternType_t as Pattern;
    use sys::rd_kafka_ResourceType_t as Resource;
    let resource = match grant.resource.as_str() {
        "topic" => Resource::RD_KAFKA_RESOURCE_TOPIC,
        "group" => Resource::RD_KAFKA_RESOURCE_GROUP,
        "transactional-id" => Resource::RD_KAFKA_RESOURCE_TRANSACTIONAL_ID,
        other => panic!("a resource {other}"),
    };
    let pattern = match grant.pattern.as_str() {
        "literal" => Pattern::RD_KAFKA_RESOURCE_PATTERN_LITERAL,
        "prefixed" => Pattern::RD_KAFKA_RESOURCE_PATTERN_PREFIXED,
        other => panic!("a pattern {other}"),
    };
    let operation = match grant.operation.as_str() {
        "Describe" => Operation::RD_KAFKA_ACL_OPERATION_DESCRIBE,
        "Read" => Operation::RD_KAFKA_ACL_OPERATION_READ,
        "Write" => Operation::RD_KAFKA_ACL_OPERATION_WRITE,
        "Create" => Operation::RD_KAFKA_ACL_OPERATION_CREATE,
        "Delete" => Operation::RD_KAFKA_ACL_OPERATION_DELETE,
        "Alter" => Operation::RD_KAFKA_ACL_OPERATION_ALTER,
        "DescribeConfigs" => Operation::RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS,
        "AlterConfigs" => Operation::RD_KAFKA_ACL_OPERATION_ALTER_CONFIGS,
        other => panic!("an operation {other}"),
    };
    let text = |text: &str| CString::new(text).expect("no zero bytes");
    let (name, principal, host) = (text(&grant.name), text(&grant.principal), text("*"));
    // SAFETY: the strings live during the call, which copies them.
    let binding = unsafe {
        sys::rd_kafka_AclBinding_new(
            resource,
            name.as_ptr(),
            pattern,
            principal.as_ptr(),
            host.as_ptr(),
            operation,
            sys::rd_kafka_AclPermissionType_t::RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW,
            ptr::null_mut(),
            0,
        )
    };
    assert!(!binding.is_null(), "{grant:?} is refused by librdkafka");
    binding
}
