//! What HiGHS says and hears while it searches: incumbents and bounds go out, the request to stop comes
//! in.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use highs_sys::{HighsCallbackDataIn, HighsCallbackDataOut};

use super::super::Progress;
use super::super::watch::Report;

/// The other end of the callback. Shared by all threads of HiGHS.
pub(super) struct Listener<'a> {
    report: &'a Report,
    stop: Option<Arc<AtomicBool>>,
    offset: f64,
    /// The bits of the greatest bound reported.
    bound: AtomicU64,
}

impl<'a> Listener<'a> {
    /// Bounds are reported with the offset of the objective, which HiGHS does not know of.
    pub(super) fn new(report: &'a Report, stop: Option<Arc<AtomicBool>>, offset: f64) -> Self {
        let bound = AtomicU64::new(f64::NEG_INFINITY.to_bits());
        Self { report, stop, offset, bound }
    }

    /// Has HiGHS call the listener; whether HiGHS agreed. The listener must outlive the solve.
    #[expect(unsafe_code, reason = "the safe wrapper has no callbacks")]
    pub(super) fn attach(&self, model: &mut highs::Model) -> bool {
        let kinds = [
            highs_sys::kHighsCallbackSimplexInterrupt,
            highs_sys::kHighsCallbackMipInterrupt,
            highs_sys::kHighsCallbackMipImprovingSolution,
        ];
        let data: *mut c_void = std::ptr::from_ref(self).cast_mut().cast();
        // SAFETY: the handle lives as long as `model`; `hear` has the type that HiGHS calls, reads the
        // data as what it is, and the listener outlives the solve.
        unsafe {
            let handle = model.as_mut_ptr();
            highs_sys::Highs_setCallback(handle, Some(hear), data) == highs_sys::STATUS_OK
                && kinds.into_iter().all(|kind| {
                    highs_sys::Highs_startCallback(handle, kind) == highs_sys::STATUS_OK
                })
        }
    }

    fn bound(&self, bound: f64) {
        let known = f64::from_bits(self.bound.load(Ordering::Relaxed));
        // A search creeps; what moves the bound by less than this is not news.
        let least = if known.is_finite() { known + 1e-6 * known.abs() } else { known };
        if bound.is_finite() && bound > least {
            self.bound.store(bound.to_bits(), Ordering::Relaxed);
            (self.report)(Progress::Bound(bound + self.offset));
        }
    }
}

/// The function that HiGHS calls.
#[expect(unsafe_code, reason = "called from C++ with pointers")]
unsafe extern "C" fn hear(
    kind: c_int,
    _message: *const c_char,
    out: *const HighsCallbackDataOut,
    input: *mut HighsCallbackDataIn,
    data: *mut c_void,
) {
    // SAFETY: HiGHS passes the data of `attach`, a listener that outlives the solve and is only read;
    // the other pointers are its own and valid during the call, or null.
    let (listener, out, input) =
        unsafe { (&*data.cast_const().cast::<Listener>(), out.as_ref(), input.as_mut()) };
    if let (Some(input), Some(stop)) = (input, &listener.stop)
        && stop.load(Ordering::Relaxed)
    {
        input.user_interrupt = 1;
    }
    let Some(out) = out else { return };
    if kind == highs_sys::kHighsCallbackMipInterrupt {
        listener.bound(out.mip_dual_bound);
    }
    if kind == highs_sys::kHighsCallbackMipImprovingSolution && !out.mip_solution.is_null() {
        let columns = usize::try_from(out.mip_solution_size).unwrap_or(0);
        // SAFETY: HiGHS says how many values there are, which stay as they are during the call.
        let values = unsafe { std::slice::from_raw_parts(out.mip_solution, columns) };
        (listener.report)(Progress::Incumbent(values.to_vec()));
    }
}
