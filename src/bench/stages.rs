//! Measures the parts of an iteration, each run by itself with the code that draws pictures.

use std::time::Instant;

use candle_core::{Tensor, Var};

use super::{Amount, Report, Shares, Stage, copy, linear, median, peak, product};
use crate::Result;
use crate::device::ComputeDevice;
use crate::drawer::{self, Effort};
use crate::frozen::with_gradient;
use crate::gpu::Traffic;
use crate::judge::no_gradient;
use crate::optimizer::Optimizer;
use crate::session::{Models, Plan, Session};

/// Measures the times and the memory of one part.
struct Clock<'a> {
    device: &'a ComputeDevice,
    name: &'static str,
    amount: Amount,
    /// The time of each repetition
    seconds: Vec<f64>,
    peak_memory: Option<u64>,
}

impl<'a> Clock<'a> {
    fn new(device: &'a ComputeDevice, name: &'static str, amount: Amount) -> Self {
        Self { device, name, amount, seconds: Vec::new(), peak_memory: None }
    }

    /// Starts a repetition.
    fn begin(&mut self) {
        self.seconds.push(0.0);
    }

    /// Runs a piece of this part and adds its time to the current repetition.
    fn run<T>(&mut self, piece: impl FnOnce() -> Result<T>) -> Result<T> {
        self.device.reset_peak_memory();
        let started = self.device.moment()?;
        let result = piece()?;
        let took = started.seconds_until(&self.device.moment()?)?;
        if let Some(seconds) = self.seconds.last_mut() {
            *seconds += took;
        }
        self.peak_memory = self.peak_memory.max(self.device.peak_memory());
        Ok(result)
    }

    /// Runs the repetitions one after another, without waiting for the device between them.
    fn follow(&mut self, repetitions: usize, mut piece: impl FnMut() -> Result<()>) -> Result<()> {
        self.device.reset_peak_memory();
        let mut moments = vec![self.device.moment()?];
        for _ in 0..=repetitions {
            piece()?;
            moments.push(self.device.moment()?);
        }
        let between = moments.windows(2).map(|pair| pair[0].seconds_until(&pair[1]));
        self.seconds = between.collect::<Result<_>>()?;
        self.peak_memory = self.device.peak_memory();
        Ok(())
    }

    fn stage(&self) -> Stage {
        Stage::new(self.name, median(self.seconds.clone()), self.amount, self.peak_memory)
    }
}

/// Measures the parts of an iteration and whole iterations, each `repetitions` times after a run to warm up, and the
/// start since `begun`.
///
/// # Errors
/// If the plan cannot be run.
pub fn measure(plan: &Plan, models: &Models, repetitions: usize, begun: Instant) -> Result<Report> {
    plan.check()?;
    let mut session = Session::new(plan, models, &mut |_| {})?;
    let device = plan.device();
    let mut highest = device.peak_memory();
    let start = Stage::new("start", begun.elapsed().as_secs_f64(), Amount::default(), highest);
    let Effort { operations, bytes } = drawer::of(&plan.settings().drawer)?.effort(plan.settings(), models.loaded())?;
    let decoding = Amount { operations, bytes };
    let mut judging = Amount::default();
    for clip in &models.clips {
        judging.operations += clip.model.judging_operations(plan.settings().cutouts)?;
        judging.bytes += clip.model.judging_traffic(plan.settings().cutouts)?;
    }
    let nothing = Amount::default();
    let both_ways = Amount {
        operations: 2 * (decoding.operations + judging.operations),
        bytes: 2 * (decoding.bytes + judging.bytes),
    };
    let clock = |name, amount| Clock::new(device, name, amount);
    let mut clocks = [
        clock("decoder forward", decoding),
        clock("cutouts forward", nothing),
        clock("CLIP forward", judging),
        clock("CLIP backward", judging),
        clock("cutouts backward", nothing),
        clock("decoder backward", decoding),
        clock("optimizer", nothing),
    ];
    for repetition in 0..=repetitions {
        clocks.iter_mut().for_each(Clock::begin);
        parts(&session, plan, repetition, &mut clocks)?;
    }
    let mut whole = clock("iteration", both_ways);
    let (mut passed, mut asking, mut before) = (Vec::new(), Vec::new(), Traffic::until_now());
    whole.follow(repetitions, || {
        session.step()?;
        let now = Traffic::until_now();
        passed.push(now.since(std::mem::replace(&mut before, now)));
        asking.push(session.asked_in().as_secs_f64());
        Ok(())
    })?;
    // The first iteration copies layers to the GPU.
    passed.remove(0);
    asking.remove(0);
    passed.sort();
    let traffic = passed.get(passed.len() / 2).copied().filter(|_| device.gpu().is_some());
    let asking = device.gpu().is_some().then(|| median(asking));
    for clock in clocks.iter_mut().chain([&mut whole]) {
        clock.seconds.remove(0);
        highest = highest.max(clock.peak_memory);
    }
    let (iteration, product) = (whole.stage(), product(device, repetitions)?);
    let share = iteration.gigaflop_per_second.zip(product.gigaflop_per_second).map(|(of, by)| of / by);
    let (peak, linear) = (peak(device, repetitions)?, linear(device, repetitions)?);
    let rate_of_peak = peak.as_ref().and_then(|peak| peak.gigaflop_per_second);
    let peak_share = product.gigaflop_per_second.zip(rate_of_peak).map(|(of, by)| of / by);
    let copy = copy(device, repetitions)?;
    let rate_of_copy = copy.as_ref().and_then(|copy| copy.gigabyte_per_second);
    let copy_share = iteration.gigabyte_per_second.zip(rate_of_copy).map(|(of, by)| of / by);
    let stages: Vec<Stage> = clocks.iter().map(Clock::stage).collect();
    Ok(Report {
        start,
        shares: Shares::of(&stages),
        stages,
        iteration,
        product,
        share,
        peak,
        peak_share,
        linear,
        copy,
        copy_share,
        traffic,
        asking,
        peak_memory: highest,
        estimated_memory: plan.memory(),
    })
}

/// Runs one iteration in parts.
fn parts(session: &Session, plan: &Plan, iteration: usize, clocks: &mut [Clock; 7]) -> Result<()> {
    let [decode, look, judge, judge_back, look_back, decode_back, step] = clocks;
    let (drawer, judges) = (session.drawer(), session.judge());
    let drawn = decode.run(|| drawer.draw())?;
    let (_, _, height, width) = drawn.dims4()?;
    let picture = Var::from_tensor(&drawn.detach())?;
    let mut gradient = picture.zeros_like()?;
    for perceptor in &judges.perceptors {
        let cutouts = perceptor.cutouts().draw(iteration, width, height);
        for batch in cutouts.chunks(plan.cut_batch()) {
            let seen = look.run(|| perceptor.look(&picture, batch))?;
            let detached = Var::from_tensor(&seen.detach())?;
            let features = judge.run(|| perceptor.image_features(&detached))?;
            let ones = features.ones_like()?;
            let slope = judge_back.run(|| slope_of_product(&features, &ones, &detached))?;
            let found = look_back.run(|| slope_of_product(&seen, &slope, &picture))?;
            gradient = (gradient + found)?;
        }
    }
    let groups = drawer.parameter_groups();
    let slopes = decode_back.run(|| slopes_of_product(&drawn, &gradient, &drawer.parameters()))?;
    let mut optimizer = Optimizer::new(plan.settings().optimizer, &groups)?;
    // With a learning rate of 0, the next repetition has the same picture.
    step.run(|| {
        optimizer.step(&groups, &slopes, 0.0)?;
        drawer.constrain()
    })
}

fn slopes_of_product(result: &Tensor, gradient: &Tensor, of: &[Var]) -> Result<Vec<Tensor>> {
    let slopes = with_gradient(result, gradient)?.backward()?;
    of.iter().map(|variable| slopes.get(variable).cloned().ok_or_else(no_gradient)).collect()
}

fn slope_of_product(result: &Tensor, gradient: &Tensor, of: &Var) -> Result<Tensor> {
    slopes_of_product(result, gradient, std::slice::from_ref(of))?.pop().ok_or_else(no_gradient)
}
