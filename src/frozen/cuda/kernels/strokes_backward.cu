// The gradient of the numbers of strokes on paper.
#include "strokes.cuh"

// Strokes of a tile whose coverage is kept at once.
#define KEPT_STROKES 32
// Numbers that are kept for each pixel and stroke.
#define KEPT_NUMBERS 9

struct Either {
    __device__ static unsigned long long of(unsigned long long first, unsigned long long second) {
        return first | second;
    }
};

// The gradient of a pixel as premultiplied color, from that of the picture.
__device__ inline Shade gradient_of_pixel(const float *of_picture, const Shade &shade, const Tile &tile, int channels,
                                          int height, int width) {
    Shade gradient = {{0.0f, 0.0f, 0.0f}, 0.0f};
    int column = threadIdx.x % TILE_SIDE, row = threadIdx.x / TILE_SIDE;
    if (column >= tile.columns || row >= tile.rows) {
        return gradient;
    }
    long long area = (long long)height * width, at = (long long)(tile.top + row) * width + tile.left + column;
    for (int channel = 0; channel < 3; channel++) {
        gradient.color[channel] = of_picture[channel * area + at];
    }
    if (channels == 4) {
        gradient.alpha = of_picture[3 * area + at];
        for (int channel = 0; channel < 3; channel++) {
            float by_color = shade.alpha > 0.0f ? gradient.color[channel] / shade.alpha : 0.0f;
            gradient.alpha = gradient.alpha - by_color * straight(shade, channel);
            gradient.color[channel] = by_color;
        }
    }
    return gradient;
}

// Keeps what a pixel shows below a stroke, and what the stroke covers of the pixel: [KEPT_NUMBERS, THREADS].
__device__ inline void keep(float *kept, const Shade &below, const Covered &covered) {
    float numbers[KEPT_NUMBERS] = {below.color[0],       below.color[1],    below.color[2], below.alpha, covered.share,
                                   covered.by_distance, covered.by_radius, covered.t,      (float)covered.segment};
    for (int number = 0; number < KEPT_NUMBERS; number++) {
        kept[number * THREADS + threadIdx.x] = numbers[number];
    }
}

__device__ inline void take(const float *kept, Shade *below, Covered *covered) {
    const float *own = kept + threadIdx.x;
    *below = {{own[0], own[THREADS], own[2 * THREADS]}, own[3 * THREADS]};
    *covered = {own[4 * THREADS], own[5 * THREADS], own[6 * THREADS], own[7 * THREADS], (int)own[8 * THREADS]};
}

// Writes the gradient of a stroke in a tile to slot [coordinates + width, color and alpha], and turns the gradient of the
// thread's pixel into that of what was below. All threads of a block call this together.
__device__ inline void gradient_of_stroke(const float *points, const float *color, const Shade &below,
                                          const Covered &covered, const Tile &tile, int segments, Shade *gradient,
                                          double *slot, double *sums, unsigned long long *masks) {
    int coordinates = coordinates_of(segments);
    // Of the alpha, the colors and the width
    float of_others[5] = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
    // Of the control points of the nearest curve
    float of_points[8] = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
    unsigned long long mask = 0;
    if (covered.segment != NOT_COVERED) {
        mask = 1ull << 63;
        float weight = covered.share * color[3];
        float by_weight = gradient->alpha * (1.0f - below.alpha);
        for (int channel = 0; channel < 3; channel++) {
            of_others[channel + 1] = gradient->color[channel] * weight;
            by_weight = by_weight + gradient->color[channel] * (color[channel] - below.color[channel]);
            gradient->color[channel] = gradient->color[channel] * (1.0f - weight);
        }
        gradient->alpha = gradient->alpha * (1.0f - weight);
        of_others[4] = by_weight * covered.share;
        if (covered.segment != DEEP) {
            mask |= 1ull << covered.segment;
            float by_coverage = by_weight * color[3];
            of_others[0] = by_coverage * covered.by_radius / 2.0f;
            int column = threadIdx.x % TILE_SIDE, row = threadIdx.x / TILE_SIDE;
            Spot center = {tile.left + column + 0.5f, tile.top + row + 0.5f};
            // By the envelope theorem, the nearest place may stay fixed while the points move.
            Spot away = apart(center, place_of_curve(cubic_of(points, covered.segment), covered.t));
            float distance = sqrtf(dot(away, away));
            if (distance > 0.0f) {
                float by_distance = by_coverage * covered.by_distance;
                float weights[4];
                bernstein(covered.t, weights);
                for (int point = 0; point < 4; point++) {
                    of_points[2 * point] = -(by_distance * weights[point] * (away.x / distance));
                    of_points[2 * point + 1] = -(by_distance * weights[point] * (away.y / distance));
                }
            }
        }
    }
    mask = reduced_in_block<Either>(mask, masks);
    for (int number = threadIdx.x; number < coordinates + 5; number += THREADS) {
        slot[number] = 0.0;
    }
    if (mask == 0) {
        return;
    }
    for (int segment = 0; segment < segments; segment++) {
        if (!(mask >> segment & 1)) {
            continue;
        }
        for (int number = 0; number < 8; number++) {
            double total = sum_of_block(covered.segment == segment ? (double)of_points[number] : 0.0, sums);
            if (threadIdx.x == 0) {
                slot[6 * segment + number] += total;
            }
        }
    }
    for (int number = 0; number < 5; number++) {
        double total = sum_of_block((double)of_others[number], sums);
        if (threadIdx.x == 0) {
            slot[coordinates + number] = total;
        }
    }
}

// The gradients of the strokes in some tiles: of each stroke that reaches a tile to slots [tiles, strokes, coordinates + 5],
// and of the paper to of_paper [tiles, 4]; grid [tiles]. Then touched [tiles, strokes] is 1 where a slot is written.
//
// Each tile is drawn again from the bottom up. What is below every KEPT_STROKES-th stroke that reaches the tile goes to
// `states` [tiles, states of a tile, 4, THREADS]. Then, from the top down, each group of these strokes is drawn once more,
// into `kept` [tiles, KEPT_STROKES, KEPT_NUMBERS, THREADS]. order: [tiles, strokes].
extern "C" __global__ void strokes_backward(const float *numbers, const float *prepared, const float *of_picture,
                                            double *slots, double *of_paper, int *touched, int *order, float *states,
                                            float *kept, int first_tile, int strokes, int segments, int channels,
                                            int height, int width) {
    __shared__ TileLine lines[THREADS];
    __shared__ int touching[THREADS];
    __shared__ double sums[WARPS];
    __shared__ unsigned long long masks[WARPS];
    Tile tile = tile_of(first_tile + blockIdx.x, height, width);
    int coordinates = coordinates_of(segments), states_of_tile = (strokes + KEPT_STROKES - 1) / KEPT_STROKES;
    const float *colors = colors_of(numbers, strokes, segments), *paper = colors + 4 * (long long)strokes;
    slots += (long long)blockIdx.x * strokes * (coordinates + 5);
    touched += (long long)blockIdx.x * strokes;
    order += (long long)blockIdx.x * strokes;
    states += (long long)blockIdx.x * states_of_tile * 4 * THREADS;
    kept += (long long)blockIdx.x * KEPT_STROKES * KEPT_NUMBERS * THREADS;
    Shade shade = shade_of_paper(paper);
    int count = 0;
    for (int first = 0; first < strokes; first += THREADS) {
        find_touching(prepared, first, strokes, segments, tile, touching);
        if (first + (int)threadIdx.x < strokes) {
            touched[first + threadIdx.x] = touching[threadIdx.x];
        }
        for (int index = 0; index < THREADS && first + index < strokes; index++) {
            if (!touching[index]) {
                continue;
            }
            int stroke = first + index;
            if (count % KEPT_STROKES == 0) {
                float *state = states + (long long)(count / KEPT_STROKES) * 4 * THREADS + threadIdx.x;
                for (int channel = 0; channel < 3; channel++) {
                    state[channel * THREADS] = shade.color[channel];
                }
                state[3 * THREADS] = shade.alpha;
            }
            if (threadIdx.x == 0) {
                order[count] = stroke;
            }
            count++;
            const float *color = colors + 4 * (long long)stroke;
            Covered covered = covered_by(numbers + (long long)stroke * coordinates,
                                         prepared_of(prepared, stroke, segments), segments, tile, lines);
            if (covered.segment != NOT_COVERED) {
                draw_over(&shade, color, covered.share * color[3]);
            }
        }
    }
    Shade gradient = gradient_of_pixel(of_picture, shade, tile, channels, height, width);
    // The order is complete.
    __syncthreads();
    int parts = (count + KEPT_STROKES - 1) / KEPT_STROKES;
    for (int part = parts - 1; part >= 0; part--) {
        int start = part * KEPT_STROKES, end = start + KEPT_STROKES < count ? start + KEPT_STROKES : count;
        const float *state = states + (long long)part * 4 * THREADS + threadIdx.x;
        shade = {{state[0], state[THREADS], state[2 * THREADS]}, state[3 * THREADS]};
        for (int index = start; index < end; index++) {
            int stroke = order[index];
            const float *color = colors + 4 * (long long)stroke;
            Covered covered = covered_by(numbers + (long long)stroke * coordinates,
                                         prepared_of(prepared, stroke, segments), segments, tile, lines);
            keep(kept + (index - start) * KEPT_NUMBERS * THREADS, shade, covered);
            if (covered.segment != NOT_COVERED) {
                draw_over(&shade, color, covered.share * color[3]);
            }
        }
        for (int index = end - 1; index >= start; index--) {
            int stroke = order[index];
            Shade below;
            Covered covered;
            take(kept + (index - start) * KEPT_NUMBERS * THREADS, &below, &covered);
            gradient_of_stroke(numbers + (long long)stroke * coordinates, colors + 4 * (long long)stroke, below, covered,
                               tile, segments, &gradient, slots + (long long)stroke * (coordinates + 5), sums, masks);
        }
    }
    double of_alpha = gradient.alpha;
    for (int channel = 0; channel < 3; channel++) {
        double total = sum_of_block((double)(gradient.color[channel] * paper[3]), sums);
        if (threadIdx.x == 0) {
            of_paper[4 * blockIdx.x + channel] = total;
        }
        of_alpha += (double)(gradient.color[channel] * paper[channel]);
    }
    double total = sum_of_block(of_alpha, sums);
    if (threadIdx.x == 0) {
        of_paper[4 * blockIdx.x + 3] = total;
    }
}

// Adds the gradients of some tiles, in their order, to totals [strokes, coordinates + 5], then the paper's [4]. One thread
// for each of `count` numbers.
extern "C" __global__ void strokes_sum(const double *slots, const double *of_paper, const int *touched, double *totals,
                                       int tiles, int strokes, int segments, long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int numbers = coordinates_of(segments) + 5;
    long long of_strokes = (long long)strokes * numbers;
    double total = totals[i];
    for (int tile = 0; tile < tiles; tile++) {
        if (i >= of_strokes) {
            total += of_paper[4 * tile + (i - of_strokes)];
        } else if (touched[(long long)tile * strokes + i / numbers]) {
            total += slots[tile * of_strokes + i];
        }
    }
    totals[i] = total;
}

// The gradient in the order of `numbers`, one thread for each of its `count` numbers.
extern "C" __global__ void strokes_gather(const double *totals, float *gradient, int strokes, int segments,
                                          long long count) {
    long long i = element_of_thread();
    if (i >= count) {
        return;
    }
    int coordinates = coordinates_of(segments), numbers = coordinates + 5;
    long long of_points = (long long)strokes * coordinates, from;
    if (i < of_points) {
        from = i / coordinates * numbers + i % coordinates;
    } else if (i < of_points + strokes) {
        from = (i - of_points) * numbers + coordinates;
    } else {
        long long color = i - of_points - strokes;
        bool is_paper = color >= 4 * (long long)strokes;
        from = is_paper ? (long long)strokes * numbers + color - 4 * (long long)strokes
                        : color / 4 * numbers + coordinates + 1 + color % 4;
    }
    gradient[i] = (float)totals[from];
}
