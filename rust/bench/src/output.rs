//! What was measured, as a line of JSON each.

/// A figure that was measured round by round, beside those of the other contenders.
pub struct Figure {
    /// The table it belongs to.
    pub table: &'static str,
    /// The case.
    pub case: String,
    /// The contender.
    pub contender: String,
    /// A sample for each round.
    pub rounds: Vec<f64>,
    /// The samples of rounds in which the process had not its cores.
    pub disturbed: Vec<f64>,
}

impl Figure {
    /// A figure without samples.
    pub fn new(table: &'static str, case: impl Into<String>, contender: impl Into<String>) -> Self {
        Self {
            table,
            case: case.into(),
            contender: contender.into(),
            rounds: Vec::new(),
            disturbed: Vec::new(),
        }
    }

    /// Adds a sample.
    pub fn add(&mut self, sample: f64) {
        self.rounds.push(sample);
    }

    /// Prints the line. Names hold no character that JSON escapes.
    pub fn print(&self) {
        let text = |samples: &[f64]| {
            let samples: Vec<String> = samples
                .iter()
                .map(|sample| format!("{sample:.3}"))
                .collect();
            samples.join(",")
        };
        println!(
            r#"{{"table":"{}","case":"{}","contender":"{}","rounds":[{}],"disturbed":[{}]}}"#,
            self.table,
            self.case,
            self.contender,
            text(&self.rounds),
            text(&self.disturbed)
        );
    }
}
