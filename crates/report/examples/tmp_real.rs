//! x
fn main(){let a:Vec<String>=std::env::args().collect();println!("{:?}",vmpack_report::write(a[1].as_ref(),a[2].as_ref()).map(|w|(w.runs,w.wrong)));}
