//! The figures: their size, their text, and what they draw.

use std::fs;

use tempfile::TempDir;
use vmpack_results::Termination;

use super::synthetic::{self, manifest, records, unanswered};
use super::{Report, contents, of_problems, packing};

/// Width, height and the number of pixels that are not white of a PNG.
fn pixels(png: &[u8]) -> (u32, u32, usize) {
    let picture = resvg::tiny_skia::Pixmap::decode_png(png).expect("a PNG");
    let inked =
        picture.pixels().iter().filter(|p| (p.red(), p.green(), p.blue()) != (255, 255, 255));
    (picture.width(), picture.height(), inked.count())
}

#[test]
fn figures_have_the_stated_size_and_readable_text() {
    let report = Report::of(&records(3, 24, 4));
    for figure in of_problems() {
        let read = |extension: &str| {
            fs::read(report.path(&format!("figures/{}-packing.{extension}", figure.name())))
                .expect("a file")
        };
        let svg = String::from_utf8(read("svg")).expect("SVG is text");
        let (width, height, ink) = pixels(&read("png"));
        let head = svg.split_once('>').expect("a tag").0;
        assert!(
            head.contains(&format!("width=\"{}\" height=\"{}\"", width / 2, height / 2)),
            "{head}"
        );
        assert_eq!(width, 1800, "{}", figure.name());
        assert!(head.contains("role=\"img\" aria-label=\""), "{head}");
        assert!(ink > 5_000, "{} has only {ink} pixels of ink", figure.name());
        // Sizes are in tenths of a pixel.
        let sizes = svg.split("font-size=\"").skip(1);
        let sizes: Vec<f64> = sizes
            .map(|rest| rest.split_once('"').expect("a quote").0.parse().expect("a size"))
            .collect();
        assert!(
            !sizes.is_empty() && sizes.iter().all(|size| *size >= 120.0),
            "{}: {sizes:?}",
            figure.name()
        );

        // The same figure without its text has less ink: the font was found.
        let mut silent = String::new();
        for (place, part) in svg.split("<text").enumerate() {
            silent += if place == 0 { part } else { part.split_once("</text>").expect("an end").1 };
        }
        let options = resvg::usvg::Options::default();
        let tree = resvg::usvg::Tree::from_str(&silent, &options).expect("SVG");
        let mut picture = resvg::tiny_skia::Pixmap::new(width, height).expect("a picture");
        resvg::render(
            &tree,
            resvg::tiny_skia::Transform::from_scale(2.0, 2.0),
            &mut picture.as_mut(),
        );
        let (_, _, without) = pixels(&picture.encode_png().expect("a PNG"));
        assert!(
            ink > without + 2_000,
            "{}: {ink} pixels with text, {without} without",
            figure.name()
        );
    }
}

#[test]
fn one_record_is_enough_for_every_figure_that_it_can_fill() {
    let report = Report::of(&[packing("a", "ff", 7, 0.002)]);
    report.says("The one answer was judged Correct.");
    // Nothing claims a proof, there is one size, there are no rules and no two methods.
    report.says("</strong>: no correct answer claims a proof.");
    assert_eq!(report.html.matches("<figure>").count(), of_problems().count() - 5);
}

#[test]
fn figures_that_have_nothing_to_show_any_more_are_removed() {
    let directory = TempDir::new().expect("a directory");
    let run = packing("a", "ff", 7, 0.002);
    synthetic::store(directory.path(), std::slice::from_ref(&run), &manifest(1));
    let first = vmpack_report::write(directory.path(), directory.path()).expect("a report");
    let cactus = directory.path().join("figures/cactus-packing.png");
    assert!(first.files.contains(&cactus) && cactus.exists());
    synthetic::store(directory.path(), &[unanswered(run, Termination::Timeout)], &manifest(1));
    let second = vmpack_report::write(directory.path(), directory.path()).expect("a report");
    assert!(!second.files.contains(&cactus) && !cactus.exists());
    let drafts = contents(directory.path())
        .into_keys()
        .filter(|name| name.to_string_lossy().contains(".part"));
    assert_eq!(drafts.count(), 0, "no draft stays behind");
}

#[test]
fn figures_compare_on_instances_that_several_methods_met() {
    let more = ["a", "b", "c", "d"].map(|name| packing(name, "more", 10, 0.1));
    let fewer = ["a", "b"].map(|name| packing(name, "fewer", 10, 0.1));
    let both = Report::of(&[more.to_vec(), fewer.to_vec()].concat());
    let cut = Report::of(&[more[..2].to_vec(), fewer.to_vec()].concat());
    let figure = |report: &Report| {
        let svg = fs::read_to_string(report.path("figures/profile-time-packing.svg"));
        // What follows the commands, which name different directories.
        svg.expect("a figure").split_once("</metadata>").expect("commands").1.to_owned()
    };
    assert!(figure(&both) == figure(&cut), "the figures differ");
}
