//! The watermark of one partition: the offset below which every request is done.

use std::collections::BTreeMap;

use topics_guard::{Guard, stands};

/// Offsets in hand, each done or not.
#[derive(Clone, Debug, Default)]
pub(super) struct Watermark {
    open: BTreeMap<i64, bool>,
    next: Option<i64>,
}

impl Watermark {
    /// A request was read.
    pub(super) fn begin(&mut self, offset: i64) {
        self.open.insert(offset, false);
    }

    /// A request is done. Returns the new offset to commit, if it moved.
    pub(super) fn finish(&mut self, offset: i64) -> Option<i64> {
        if let Some(done) = self.open.get_mut(&offset) {
            *done = true;
        }
        let before = self.next;
        while let Some(entry) = self.open.first_entry() {
            if !*entry.get() && stands(Guard::WatermarkWaits) {
                break;
            }
            self.next = Some(entry.remove_entry().0 + 1);
        }
        if self.next == before { None } else { self.next }
    }

    /// How many requests are in hand: begun, and not below the watermark.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }
}

#[cfg(test)]
mod tests {
    //! The watermark never passes an open request, whatever the order of completion.

    use super::Watermark;

    /// Done out of order, the watermark waits for the oldest; gaps in offsets do not hold it.
    #[test]
    fn waits_for_the_oldest() {
        let check = |begun: &[i64], finished: &[(i64, Option<i64>)]| {
            let mut mark = Watermark::default();
            for offset in begun {
                mark.begin(*offset);
            }
            for (offset, expected) in finished {
                assert_eq!(mark.finish(*offset), *expected, "after {offset} of {finished:?}");
            }
        };
        check(&[3, 4, 7], &[(4, None), (3, Some(5)), (7, Some(8))]);
        check(&[0], &[(0, Some(1)), (0, None)]);
        check(&[1, 2, 3], &[(3, None), (2, None), (1, Some(4))]);
    }
}
