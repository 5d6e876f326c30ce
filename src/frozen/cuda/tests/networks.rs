//! Networks of layers.

use super::*;

/// Blocks with an empty branch, nested blocks, and blocks that are recomputed in the backward pass.
#[test]
fn networks() {
    let window = Window::same(3);
    let norm = || Step::layer(GroupNorm::new(noise(6, 8), noise(6, 9), 3, 1e-6, true));
    let steps = vec![
        Step::layer(convolution(3, 6, window, 1)),
        Step::residual(vec![norm(), Step::layer(convolution(6, 6, window, 2))]),
        Step::Sum(
            vec![norm(), Step::residual(vec![Step::layer(Activation::QuickGelu)])],
            vec![Step::layer(convolution(6, 6, Window::same(1), 3))],
        ),
        Step::Sum(vec![], vec![Step::layer(Activation::Silu)]),
        Step::Join(vec![], vec![Step::layer(convolution(6, 4, window, 4)), Step::layer(Activation::Silu)]),
        Step::layer(convolution(10, 6, window, 7)),
        Step::layer(Upsample),
        Step::layer(MeanMaxPool),
    ];
    let shape = [2, 3, 9, 7];
    let input = noise(shape.iter().product(), 5);
    for recomputed in [&[][..], &[1], &[1, 2, 3]] {
        compare_steps(&steps, recomputed, &shape, &input, 6, 1e-5);
    }
}

#[test]
fn a_layer_without_a_kernel_says_so() {
    struct Strange;
    impl Layer for Strange {
        fn name(&self) -> &'static str {
            "a strange layer"
        }
        fn output_shape(&self, input_shape: &[usize]) -> candle_core::Result<Vec<usize>> {
            Ok(input_shape.to_vec())
        }
        fn forward(&self, _: &[usize], _: &[f32], _: &mut [f32]) {}
        fn needs_input(&self) -> bool {
            false
        }
        fn backward(&self, _: &[usize], _: &[f32], _: &[f32], _: &mut [f32]) {}
    }
    let on = device();
    let (residents, input) = (Residents::default(), on.allocate(1).unwrap());
    let execution = OnDevice { accelerator: on, residents: &residents };
    let x = Values { shape: vec![1], values: Arc::new(input) };
    let error = run(&execution, &[Step::layer(Strange)], x, None, &[]).err().unwrap();
    assert!(error.to_string().contains("a strange layer cannot run on a GPU"), "{error}");
}
