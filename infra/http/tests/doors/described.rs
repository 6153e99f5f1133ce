//! The description says what the door does.

use infra_http::Limits;
use infra_http::public::{OPENAPI, ROUTES};

use crate::public::House;

/// Each route that is described is there, each that is there is described, and every reference leads somewhere.
#[tokio::test]
async fn describes_the_routes() {
    let description: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
    let paths = description["paths"].as_object().unwrap();
    let described = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(move |method| (method.as_str(), path.as_str()))
    });
    assert_eq!(described.collect::<Vec<_>>(), ROUTES);
    let house = House::new(Limits::default()).await;
    for (method, path) in ROUTES {
        let path = path.replace("{id}", "done");
        let json = [("content-type", "application/json"), ("task-id", "done")];
        let body: &[u8] = if method == "post" { br#"{"text":"x"}"# } else { b"" };
        let answer = house.send(&method.to_uppercase(), &path, &json, body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
        let answer = house.send("PATCH", &path, &[], b"").await;
        assert_eq!(answer.status, 405, "{path}");
        let responses = &description["paths"][path.replace("/done", "/{id}")][method]["responses"];
        assert!(responses["200"].is_object(), "{method} {path}");
    }
    let served = house.send("GET", "/openapi.json", &[], b"").await.json();
    assert_eq!(served, description);
    let text = description.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(description.pointer(pointer).is_some(), "{pointer}");
    }
    house.end().await;
}

/// What is told of a task has the fields that are described, and no others.
#[tokio::test]
async fn describes_a_task() {
    let description: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
    let house = House::new(Limits::default()).await;
    let told = house.send("GET", "/tasks/done", &[], b"").await.json();
    let described = &description["components"]["schemas"]["Task"];
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&told), keys(&described["properties"]));
    let required: Vec<&str> =
        described["required"].as_array().unwrap().iter().filter_map(serde_json::Value::as_str).collect();
    assert_eq!(keys(&told), required);
    house.end().await;
}
