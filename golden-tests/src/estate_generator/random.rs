//! A small generator of numbers (SplitMix64, Steele, Lea and Flood 2014) that gives the same on every machine.

/// Deterministic numbers.
pub(crate) struct Random(u64);

impl Random {
    /// Numbers that depend on `seed` alone.
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x4c65_6173_6568_6f6c)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        let product = u128::from(self.next()) * u128::from(end);
        u32::try_from(product >> 64).expect("the high half of a product with `end` lies below `end`")
    }

    /// A number from `first` to `last`.
    pub(crate) fn between(&mut self, first: u32, last: u32) -> u32 {
        first + self.below(last - first + 1)
    }

    /// True once in `of` times.
    pub(crate) fn once_in(&mut self, of: u32) -> bool {
        self.below(of) == 0
    }

    /// One of several.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(u32::try_from(of.len()).expect("lists here are short")) as usize]
    }
}
