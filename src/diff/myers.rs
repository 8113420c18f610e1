//! The search for few changes: E. W. Myers, "An O(ND) Difference Algorithm and Its
//! Variations" (1986), section 4b, in linear space.

/// Steps from both ends before the best place so far is taken for the middle.
const MOST: isize = 1000;

/// Marks what is only in `a` and only in `b`.
pub fn mark(a: &[u32], b: &[u32]) -> (Vec<bool>, Vec<bool>) {
    let mut marks = (vec![false; a.len()], vec![false; b.len()]);
    // Boxes that are still to be compared; a list instead of recursion.
    let mut todo = vec![(0, a.len(), 0, b.len())];
    while let Some((mut a0, mut a1, mut b0, mut b1)) = todo.pop() {
        while a0 < a1 && b0 < b1 && a[a0] == b[b0] {
            (a0, b0) = (a0 + 1, b0 + 1);
        }
        while a0 < a1 && b0 < b1 && a[a1 - 1] == b[b1 - 1] {
            (a1, b1) = (a1 - 1, b1 - 1);
        }
        if a0 == a1 || b0 == b1 {
            marks.0[a0..a1].fill(true);
            marks.1[b0..b1].fill(true);
            continue;
        }
        let (x, y) = middle(&a[a0..a1], &b[b0..b1]);
        todo.push((a0 + x, a1, b0 + y, b1));
        todo.push((a0, a0 + x, b0, b0 + y));
    }
    marks
}

/// How far ways have come, by diagonal.
struct Reach {
    far: Vec<isize>,
    zero: isize,
}

impl Reach {
    fn new(n: isize, m: isize) -> Reach {
        Reach {
            far: vec![-1; (n + m + 3) as usize],
            zero: m + 1,
        }
    }

    fn at(&mut self, diagonal: isize) -> &mut isize {
        &mut self.far[(diagonal + self.zero) as usize]
    }

    /// One more step on a diagonal, and all that is equal behind it.
    fn step(
        &mut self,
        diagonal: isize,
        (n, m): (isize, isize),
        is_first: bool,
        same: impl Fn(isize, isize) -> bool,
    ) -> isize {
        let down = *self.at(diagonal + 1);
        let right = *self.at(diagonal - 1);
        let mut x = if is_first { 0 } else { -1 };
        if down >= 0 && down - diagonal <= m {
            x = down;
        }
        if right >= 0 && right < n {
            x = x.max(right + 1);
        }
        if x >= 0 {
            while x < n && x - diagonal < m && same(x, x - diagonal) {
                x += 1;
            }
        }
        *self.at(diagonal) = x;
        x
    }
}

/// A place on a way with few changes, neither the beginning nor the end.
fn middle(a: &[u32], b: &[u32]) -> (usize, usize) {
    let (n, m) = (a.len() as isize, b.len() as isize);
    let delta = n - m;
    let mut forward = Reach::new(n, m);
    let mut backward = Reach::new(n, m);
    for steps in 0..=(n + m) {
        let diagonals = || (-steps..=steps).step_by(2).filter(|k| (-m..=n).contains(k));
        let mut best = (0, 0);
        for k in diagonals() {
            let same = |x: isize, y: isize| a[x as usize] == b[y as usize];
            let x = forward.step(k, (n, m), steps == 0, same);
            if x < 0 {
                continue;
            }
            let met = delta - k;
            if (-m..=n).contains(&met) && *backward.at(met) >= 0 && x + *backward.at(met) >= n {
                return (x as usize, (x - k) as usize);
            }
            if 2 * x - k > best.0 + best.1 {
                best = (x, x - k);
            }
        }
        if steps > MOST && best != (0, 0) {
            return (best.0 as usize, best.1 as usize);
        }
        for k in diagonals() {
            let same = |x: isize, y: isize| a[(n - 1 - x) as usize] == b[(m - 1 - y) as usize];
            let x = backward.step(k, (n, m), steps == 0, same);
            let met = delta - k;
            if x >= 0
                && (-m..=n).contains(&met)
                && *forward.at(met) >= 0
                && x + *forward.at(met) >= n
            {
                return ((n - x) as usize, (m - (x - k)) as usize);
            }
        }
    }
    // Every way leads to the end in n + m steps.
    (a.len(), 0)
}

#[test]
fn what_is_left_is_the_same_on_both_sides_and_the_changes_are_few() {
    let check = |a: &str, b: &str, most: usize| {
        let ids = |text: &str| text.bytes().map(u32::from).collect::<Vec<_>>();
        let (a, b) = (ids(a), ids(b));
        let (only_a, only_b) = mark(&a, &b);
        let kept = |ids: &[u32], only: &[bool]| {
            let pairs = ids.iter().zip(only);
            pairs
                .filter(|(_, only)| !**only)
                .map(|(id, _)| *id)
                .collect::<Vec<_>>()
        };
        assert_eq!(kept(&a, &only_a), kept(&b, &only_b));
        let changes = only_a.iter().chain(&only_b).filter(|only| **only).count();
        assert_eq!(changes, most, "{a:?} {b:?}");
    };
    check("abcabba", "cbabac", 5);
    check("", "abc", 3);
    check("abc", "abc", 0);
    check("abc", "xyz", 6);
    check("abcdef", "abxdef", 2);
    check("aaaa", "aa", 2);
    check("ab", "ba", 2);
    check("xaxbxcx", "abc", 4);
}
