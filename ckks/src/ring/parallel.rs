//! Independent pieces of work, abreast where there is more than one thread. A pool of one pays nothing
//! (handing it work would cost two context switches), and no result depends on the number of threads.

use rayon::prelude::*;
use std::convert::Infallible;

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
    let Ok(()) = try_for_each_with(items, memory, |memory, item| {
        work(memory, item);
        Ok::<(), Infallible>(())
    });
}

/// [`for_each_with`] of work that may fail: the first error found ends it.
pub(crate) fn try_for_each_with<S, T: Send, E: Send>(
    items: impl Iterator<Item = T>,
    memory: impl Fn() -> S + Send + Sync,
    work: impl Fn(&mut S, T) -> Result<(), E> + Send + Sync,
) -> Result<(), E> {
    if rayon::current_num_threads() == 1 {
        let (mut items, mut memory) = (items, memory());
        return items.try_for_each(|item| work(&mut memory, item));
    }
    let items: Vec<T> = items.collect();
    items.into_par_iter().try_for_each_init(memory, work)
}
