//! The upstream issue of a failure, at the mirror's own repository of recipes.

use larder_shared::{
    api::{Mirror, report::Failure},
    report::{Status, issue::MAX_URL_BYTES},
};
use larder_tests::larder::{ADMIN, Larder};
use serde_json::json;

use super::{larder, one};

fn failure(larder: &Larder) -> Failure {
    let signature = larder.failures("m")[0].signature.clone();
    larder.api(&format!("mirrors/m/failures/{signature}"))
}

#[test]
fn a_failure_has_an_issue_for_the_mirrors_recipes() {
    let larder = larder();
    let mut report = one(7, "hdf5", Status::Failed, Some("'x' undeclared"));
    report["builds"][0]["failure"]["excerpt"]["lines"] =
        json!((0..60).map(|line| format!("{line}: cc -c a.c {}", "-I/usr/include ".repeat(9))).collect::<Vec<_>>());
    larder.report("m", &report);
    let Failure { issue, summary, .. } = failure(&larder);
    assert_eq!(issue.title, "Installation issue: hdf5");
    assert!(issue.url.starts_with("https://github.com/spack/spack-packages/issues/new?template=build_error.yml&"));
    assert!(issue.url.len() <= MAX_URL_BYTES && issue.url.contains("+1%3A+cc+-c+a.c"), "{}", issue.url);
    assert!(issue.url.contains("were+left+out") && !issue.url.contains("+59%3A+cc"), "{}", issue.url);
    for text in [
        "$ spack install hdf5 +x",
        "`'x' undeclared` in `a.c:3`",
        "<https://github.com/o/r/actions/runs/7>",
        &format!("<http://{}/m/m/-/failures/{}>", larder.address(), summary.signature),
        "59: cc -c a.c",
    ] {
        assert!(issue.markdown.contains(text), "{text} is not in {}", issue.markdown);
    }

    let change = |recipes: &str| {
        larder
            .ask("PATCH", "/api/v1/mirrors/m")
            .body(json!({ "recipes": recipes }).to_string().as_bytes())
            .token(ADMIN)
            .send()
    };
    let mirror: Mirror = change("https://codeberg.org/octo-org/recipes").expect(200).json();
    assert_eq!(mirror.recipes.to_string(), "https://codeberg.org/octo-org/recipes");
    let issue = failure(&larder).issue;
    assert!(
        issue
            .url
            .starts_with("https://codeberg.org/octo-org/recipes/issues/new?title=Installation+issue%3A+hdf5&body=")
    );
    for recipes in ["", "javascript:alert(1)", "https://me@codeberg.org/a/b", "../../x"] {
        let error = change(recipes).expect_error(400);
        assert!(error.message.contains("`recipes` is a repository such as"), "{error:?}");
    }
    assert_eq!(larder.api::<Mirror>("mirrors/m").recipes, mirror.recipes);
}
