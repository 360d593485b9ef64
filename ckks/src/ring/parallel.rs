//! Independent pieces of work, abreast where there is more than one thread. A pool of one pays nothing,
//! and no result depends on the number of threads.

use rayon::prelude::*;

/// Does `work` on every item.
pub(crate) fn for_each<T: Send>(items: impl Iterator<Item = T>, work: impl Fn(T) + Send + Sync) {
    for_each_with(items, || (), |(), item| work(item));
}

/// Does `work` on every item, with memory that is made once a thread.
pub(crate) fn for_each_with<S, T: Send>(
    items: impl Iterator<Item = T>,
    memory: impl Fn() -> S + Send + Sync,
    work: impl Fn(&mut S, T) + Send + Sync,
) {
    if rayon::current_num_threads() == 1 {
        let mut memory = memory();
        items.for_each(|item| work(&mut memory, item));
    } else {
        let items: Vec<T> = items.collect();
        items.into_par_iter().for_each_init(memory, work);
    }
}
