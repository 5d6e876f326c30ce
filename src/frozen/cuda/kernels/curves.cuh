// Cubic Bezier curves: their places, slopes and bends, the lines that approximate them, and the place that is nearest to a
// point (`drawer/strokes/raster.rs` has the formulas).
#pragma once

#define FEWEST_LINES 4
#define MOST_LINES 32
#define FLATNESS 0.05
#define NEWTON_STEPS 5
#define NEWTON_HALVINGS 3

// The second number if either is not a number.
__device__ inline float smaller_of(float one, float other) {
    return one < other ? one : other;
}

__device__ inline float larger_of(float one, float other) {
    return one > other ? one : other;
}

__device__ inline float from_0_to_1(float value) {
    return smaller_of(larger_of(value, 0.0f), 1.0f);
}

struct Spot {
    float x, y;
};

__device__ inline Spot apart(Spot one, Spot other) {
    Spot difference = {one.x - other.x, one.y - other.y};
    return difference;
}

__device__ inline float dot(Spot one, Spot other) {
    return one.x * other.x + one.y * other.y;
}

// A cubic Bezier curve.
struct Cubic {
    Spot a, b, c, d;
};

// A curve of a stroke, whose coordinates begin at `points`.
__device__ inline Cubic cubic_of(const float *points, int segment) {
    const float *first = points + 6 * segment;
    Cubic curve = {{first[0], first[1]}, {first[2], first[3]}, {first[4], first[5]}, {first[6], first[7]}};
    return curve;
}

// The weights of the control points.
__device__ inline void bernstein(float t, float *weights) {
    float s = 1.0f - t;
    weights[0] = s * s * s;
    weights[1] = 3.0f * s * s * t;
    weights[2] = 3.0f * s * t * t;
    weights[3] = t * t * t;
}

__device__ inline Spot place_of_curve(const Cubic &curve, float t) {
    float weights[4];
    bernstein(t, weights);
    Spot place = {
        curve.a.x * weights[0] + curve.b.x * weights[1] + curve.c.x * weights[2] + curve.d.x * weights[3],
        curve.a.y * weights[0] + curve.b.y * weights[1] + curve.c.y * weights[2] + curve.d.y * weights[3],
    };
    return place;
}

__device__ inline Spot slope_of_curve(const Cubic &curve, float t) {
    float s = 1.0f - t;
    float first = 3.0f * s * s, second = 6.0f * s * t, third = 3.0f * t * t;
    Spot one = apart(curve.b, curve.a), two = apart(curve.c, curve.b), three = apart(curve.d, curve.c);
    Spot slope = {one.x * first + two.x * second + three.x * third, one.y * first + two.y * second + three.y * third};
    return slope;
}

// The second differences of the control points.
__device__ inline void bends_of_curve(const Cubic &curve, Spot *first, Spot *second) {
    *first = apart(apart(curve.c, curve.b), apart(curve.b, curve.a));
    *second = apart(apart(curve.d, curve.c), apart(curve.c, curve.b));
}

__device__ inline Spot bend_of_curve(const Cubic &curve, float t) {
    Spot first, second;
    bends_of_curve(curve, &first, &second);
    float before = 6.0f * (1.0f - t), after = 6.0f * t;
    Spot bend = {first.x * before + second.x * after, first.y * before + second.y * after};
    return bend;
}

// The number of lines that approximate a curve, and how far they may be from it.
__device__ inline int lines_of_curve(const Cubic &curve, float *flatness) {
    Spot first, second;
    bends_of_curve(curve, &first, &second);
    double bend = sqrtf(larger_of(dot(first, first), dot(second, second)));
    double wanted = ceil(sqrt(0.75 * bend / FLATNESS));
    int lines = wanted >= MOST_LINES ? MOST_LINES : wanted >= FEWEST_LINES ? (int)wanted : FEWEST_LINES;
    *flatness = (float)(0.75 * bend / (double)(lines * lines));
    return lines;
}

// The `t` of the place on a curve that is nearest to a point, and its distance.
__device__ inline float nearest_of_curve(const Cubic &curve, Spot point, float guess, float *distance) {
    float t = guess;
    Spot offset = apart(place_of_curve(curve, t), point);
    float square = dot(offset, offset);
    for (int step = 0; step < NEWTON_STEPS; step++) {
        Spot slope = slope_of_curve(curve, t);
        float speed = dot(slope, slope);
        float steepness = speed + dot(offset, bend_of_curve(curve, t));
        steepness = steepness > 0.0f ? steepness : speed;
        if (steepness <= 0.0f) {
            break;
        }
        float length = dot(offset, slope) / steepness;
        bool is_nearer = false;
        for (int half = 0; half < NEWTON_HALVINGS && !is_nearer; half++) {
            float next = from_0_to_1(t - length);
            Spot next_offset = apart(place_of_curve(curve, next), point);
            float next_square = dot(next_offset, next_offset);
            if (next_square < square) {
                t = next;
                offset = next_offset;
                square = next_square;
                is_nearer = true;
            }
            length = length * 0.5f;
        }
        if (!is_nearer) {
            break;
        }
    }
    *distance = sqrtf(square);
    return t;
}

// The ends of a line of a flattened curve.
__device__ inline void ends_of_line(const Cubic &curve, int line, float step, Spot *start, Spot *end) {
    *start = place_of_curve(curve, line * step);
    *end = place_of_curve(curve, (line + 1) * step);
}
