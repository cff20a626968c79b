//! Bytes taken for choices: every input means something, and a small change of it means something similar.

/// What is left of an input; at its end every choice is zero.
#[derive(Debug)]
pub struct Choice<'a>(pub &'a [u8]);

impl<'a> Choice<'a> {
    pub fn byte(&mut self) -> u8 {
        let [first, rest @ ..] = self.0 else { return 0 };
        self.0 = rest;
        *first
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    pub fn wide(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// At most `most` bytes; fewer at the end.
    pub fn take(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// As many bytes as the next byte says; fewer at the end.
    pub fn piece(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte());
        self.take(length)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
