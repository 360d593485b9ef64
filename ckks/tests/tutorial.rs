//! The tutorial runs, and every step is as precise as promised.

#[path = "../examples/tutorial.rs"]
#[allow(dead_code, reason = "an example has a main function")]
mod tutorial;

#[test]
fn every_step_of_the_tutorial_keeps_its_promise() {
    let steps = tutorial::tour().unwrap();
    let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
    let all = "encrypt multiply relinearize rescale rotate add_scalar";
    assert_eq!(names.join(" "), all);
    for step in &steps {
        assert!(step.precision.worst() >= step.promised, "{step}");
        assert!(step.promised >= 20.0, "{step}");
    }
    let levels: Vec<usize> = steps.iter().map(|step| step.level).collect();
    assert_eq!(levels, [2, 2, 2, 1, 1, 1]);
    let powers: Vec<usize> = steps.iter().map(|step| step.power).collect();
    assert_eq!(powers, [1, 2, 1, 1, 1, 1]);
    assert!(steps[0].to_string().contains("level 2  scale 2^40.000"));
}
