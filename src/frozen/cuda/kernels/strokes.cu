// Strokes on paper (`drawer/strokes/raster.rs` has the formulas), and the gradient of their numbers. A block draws a tile
// of 16 x 16 pixels, one thread each, and goes over the strokes in their order, so every sum has one order.
//
// numbers: the control points of each stroke [strokes, 3 segments + 1, 2] in pixels, the widths [strokes], and the colors
// with alpha [strokes + 1, 4], of which the last is the paper's. picture: [channels, height, width].
#include "common.cuh"

// Width and height of a tile; a tile has as many pixels as a block has threads.
#define TILE_SIDE 16
#define FEWEST_LINES 4
#define MOST_LINES 32
#define FLATNESS 0.05
#define NEWTON_STEPS 5
#define NEWTON_HALVINGS 3
// Numbers of a prepared stroke before the lines and the flatness of each of its curves: its box, radius and slack.
#define PREPARED 6
// Strokes of a tile whose coverage is kept at once.
#define KEPT_STROKES 32
// Numbers that are kept for each pixel and stroke.
#define KEPT_NUMBERS 9
// Instead of a curve: the pixel is deep inside the stroke, or not covered.
#define DEEP (-1)
#define NOT_COVERED (-2)

struct Either {
    __device__ static unsigned long long of(unsigned long long first, unsigned long long second) {
        return first | second;
    }
};

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

// A line of a flattened stroke, as a tile sees it.
struct TileLine {
    // The start and the direction of the line
    float start_y, along_x, along_y;
    // 1 over the square of the line's length, or 0
    float inverse;
    // The box of all that the stroke covers near the line
    float left, top, right, bottom;
    // The line's first `t` on the curve, and the length of its range of `t`
    float first, step;
    // The way from the start to the first pixel center in the box, and the column of that pixel in the tile
    float first_x;
    int first_column;
    // The curve; below 0 if the line does not reach the tile
    int segment;
};

// The tile of a block.
struct Tile {
    int left, top, columns, rows;
};

__device__ inline Tile tile_of(int index, int height, int width) {
    int across = (width + TILE_SIDE - 1) / TILE_SIDE;
    Tile tile = {index % across * TILE_SIDE, index / across * TILE_SIDE, 0, 0};
    tile.columns = width - tile.left < TILE_SIDE ? width - tile.left : TILE_SIDE;
    tile.rows = height - tile.top < TILE_SIDE ? height - tile.top : TILE_SIDE;
    return tile;
}

// Whether a box reaches the center of any pixel of a tile.
__device__ inline bool reaches(float left, float top, float right, float bottom, const Tile &tile) {
    float first_x = tile.left + 0.5f, first_y = tile.top + 0.5f;
    float last_x = first_x + (tile.columns - 1), last_y = first_y + (tile.rows - 1);
    return left <= last_x && first_x <= right && top <= last_y && first_y <= bottom;
}

// The ends of a line of a flattened curve.
__device__ inline void ends_of_line(const Cubic &curve, int line, float step, Spot *start, Spot *end) {
    *start = place_of_curve(curve, line * step);
    *end = place_of_curve(curve, (line + 1) * step);
}

// Prepares a line for a tile.
__device__ inline TileLine line_of_tile(const Cubic &curve, int segment, int line, int lines, float reach,
                                        const Tile &tile) {
    TileLine made;
    float step = (float)(1.0 / lines);
    Spot start, end;
    ends_of_line(curve, line, step, &start, &end);
    made.left = smaller_of(start.x, end.x) - reach;
    made.top = smaller_of(start.y, end.y) - reach;
    made.right = larger_of(start.x, end.x) + reach;
    made.bottom = larger_of(start.y, end.y) + reach;
    made.segment = reaches(made.left, made.top, made.right, made.bottom, tile) ? segment : -1;
    made.start_y = start.y;
    made.along_x = end.x - start.x;
    made.along_y = end.y - start.y;
    float square = made.along_x * made.along_x + made.along_y * made.along_y;
    made.inverse = square > 0.0f ? 1.0f / square : 0.0f;
    if (!isfinite(made.inverse)) {
        made.inverse = 0.0f;
    }
    made.first = line * step;
    made.step = step;
    double column = ceil((double)made.left - 0.5 - tile.left);
    made.first_column = column >= TILE_SIDE ? TILE_SIDE : column > 0.0 ? (int)column : 0;
    made.first_x = (float)(tile.left + 0.5 + made.first_column) - start.x;
    return made;
}

// What a stroke covers of a pixel, and the slopes of that.
struct Covered {
    float share, by_distance, by_radius, t;
    int segment;
};

// A smooth step from 0 at -1 to 1 at 1, and its slope.
__device__ inline float smooth_step(float at, float *slope) {
    float u = from_0_to_1((at + 1.0f) * 0.5f);
    *slope = 3.0f * u * (1.0f - u);
    return u * u * (3.0f - 2.0f * u);
}

// What a stroke covers of the thread's pixel. All threads of a block call this together, and share `lines` [THREADS].
__device__ inline Covered covered_by(const float *points, const float *prepared, int segments, const Tile &tile,
                                     TileLine *lines) {
    float radius = prepared[4], slack = prepared[5];
    int column = threadIdx.x % TILE_SIDE, row = threadIdx.x / TILE_SIDE;
    Spot center = {tile.left + column + 0.5f, tile.top + row + 0.5f};
    float limit = radius + 1.0f + slack;
    float nearest = limit * limit, along = 0.0f, first = 0.0f, step = 0.0f;
    int segment = NOT_COVERED;
    for (int from = 0; from < segments * MOST_LINES; from += THREADS) {
        // Other threads may still read the shared memory until here.
        __syncthreads();
        int mine = (from + threadIdx.x) / MOST_LINES, line = (from + threadIdx.x) % MOST_LINES;
        lines[threadIdx.x].segment = -1;
        if (mine < segments && line < prepared[PREPARED + 2 * mine]) {
            float flatness = prepared[PREPARED + 2 * mine + 1];
            lines[threadIdx.x] = line_of_tile(cubic_of(points, mine), mine, line, (int)prepared[PREPARED + 2 * mine],
                                              radius + 1.0f + flatness, tile);
        }
        __syncthreads();
        int count = segments * MOST_LINES - from < THREADS ? segments * MOST_LINES - from : THREADS;
        for (int index = 0; index < count; index++) {
            const TileLine &other = lines[index];
            if (other.segment < 0 || column < other.first_column || !(center.x <= other.right) ||
                !(center.y >= other.top) || !(center.y <= other.bottom)) {
                continue;
            }
            float x = other.first_x + (float)(column - other.first_column);
            float y = center.y - other.start_y;
            float t = from_0_to_1((x * other.along_x + y * other.along_y) * other.inverse);
            float across = x - t * other.along_x, down = y - t * other.along_y;
            float square = across * across + down * down;
            if (square < nearest) {
                nearest = square;
                along = t;
                first = other.first;
                step = other.step;
                segment = other.segment;
            }
        }
    }
    Covered covered = {0.0f, 0.0f, 0.0f, 0.0f, NOT_COVERED};
    float deep = radius - 1.0f - slack;
    deep = deep > 0.0f ? deep * deep : 0.0f;
    if (segment < 0 || limit <= 0.0f || column >= tile.columns || row >= tile.rows) {
        return covered;
    }
    if (nearest < deep) {
        covered.share = 1.0f;
        covered.segment = DEEP;
        return covered;
    }
    float distance;
    covered.t = nearest_of_curve(cubic_of(points, segment), center, first + along * step, &distance);
    float outer_slope, inner_slope;
    float outer = smooth_step(distance + radius, &outer_slope), inner = smooth_step(distance - radius, &inner_slope);
    covered.share = outer - inner;
    covered.by_distance = outer_slope - inner_slope;
    covered.by_radius = outer_slope + inner_slope;
    covered.segment = covered.share > 0.0f ? segment : NOT_COVERED;
    return covered;
}

// The colors of a pixel times its alpha, and its alpha.
struct Shade {
    float color[3], alpha;
};

__device__ inline Shade shade_of_paper(const float *paper) {
    Shade shade = {{paper[0] * paper[3], paper[1] * paper[3], paper[2] * paper[3]}, paper[3]};
    return shade;
}

// Draws a color over a pixel (Porter and Duff, 1984).
__device__ inline void draw_over(Shade *shade, const float *color, float weight) {
    float rest = 1.0f - weight;
    for (int channel = 0; channel < 3; channel++) {
        shade->color[channel] = shade->color[channel] * rest + color[channel] * weight;
    }
    shade->alpha = shade->alpha * rest + weight;
}

// A channel of the straight color of a pixel.
__device__ inline float straight(const Shade &shade, int channel) {
    return shade.alpha > 0.0f ? shade.color[channel] / shade.alpha : 0.0f;
}

__device__ inline int coordinates_of(int segments) {
    return 2 * (3 * segments + 1);
}

// Where the colors begin.
__device__ inline const float *colors_of(const float *numbers, int strokes, int segments) {
    return numbers + (long long)strokes * (coordinates_of(segments) + 1);
}

__device__ inline const float *prepared_of(const float *prepared, int stroke, int segments) {
    return prepared + (long long)stroke * (PREPARED + 2 * segments);
}

// Sets which of the strokes from `first` on reach a tile, one stroke per thread; touching [THREADS].
__device__ inline void find_touching(const float *prepared, int first, int strokes, int segments, const Tile &tile,
                                     int *touching) {
    __syncthreads();
    int stroke = first + threadIdx.x;
    touching[threadIdx.x] = 0;
    if (stroke < strokes) {
        const float *box = prepared_of(prepared, stroke, segments);
        touching[threadIdx.x] = reaches(box[0], box[1], box[2], box[3], tile);
    }
    __syncthreads();
}

// Prepares strokes: prepared [strokes, PREPARED + 2 segments]. One thread per stroke.
extern "C" __global__ void strokes_prepare(const float *numbers, float *prepared, int strokes, int segments) {
    long long stroke = element_of_thread();
    if (stroke >= strokes) {
        return;
    }
    const float *points = numbers + stroke * coordinates_of(segments);
    float radius = numbers[(long long)strokes * coordinates_of(segments) + stroke] * 0.5f, slack = 0.0f;
    float *made = prepared + stroke * (PREPARED + 2 * segments);
    for (int segment = 0; segment < segments; segment++) {
        Cubic curve = cubic_of(points, segment);
        float flatness;
        int lines = lines_of_curve(curve, &flatness);
        slack = larger_of(slack, flatness);
        float reach = radius + 1.0f + flatness, step = (float)(1.0 / lines);
        for (int line = 0; line < lines; line++) {
            Spot start, end;
            ends_of_line(curve, line, step, &start, &end);
            float left = smaller_of(start.x, end.x) - reach, top = smaller_of(start.y, end.y) - reach;
            float right = larger_of(start.x, end.x) + reach, bottom = larger_of(start.y, end.y) + reach;
            bool is_first = segment == 0 && line == 0;
            made[0] = is_first ? left : smaller_of(made[0], left);
            made[1] = is_first ? top : smaller_of(made[1], top);
            made[2] = is_first ? right : larger_of(made[2], right);
            made[3] = is_first ? bottom : larger_of(made[3], bottom);
        }
        made[PREPARED + 2 * segment] = (float)lines;
        made[PREPARED + 2 * segment + 1] = flatness;
    }
    made[4] = radius;
    made[5] = slack;
}

// Draws the picture; grid [tiles].
extern "C" __global__ void strokes_forward(const float *numbers, const float *prepared, float *picture, int strokes,
                                           int segments, int channels, int height, int width) {
    __shared__ TileLine lines[THREADS];
    __shared__ int touching[THREADS];
    Tile tile = tile_of(blockIdx.x, height, width);
    const float *colors = colors_of(numbers, strokes, segments);
    Shade shade = shade_of_paper(colors + 4 * (long long)strokes);
    for (int first = 0; first < strokes; first += THREADS) {
        find_touching(prepared, first, strokes, segments, tile, touching);
        for (int index = 0; index < THREADS && first + index < strokes; index++) {
            if (!touching[index]) {
                continue;
            }
            int stroke = first + index;
            const float *points = numbers + (long long)stroke * coordinates_of(segments);
            const float *color = colors + 4 * (long long)stroke;
            Covered covered =
                covered_by(points, prepared_of(prepared, stroke, segments), segments, tile, lines);
            if (covered.segment != NOT_COVERED) {
                draw_over(&shade, color, covered.share * color[3]);
            }
        }
    }
    int column = threadIdx.x % TILE_SIDE, row = threadIdx.x / TILE_SIDE;
    if (column >= tile.columns || row >= tile.rows) {
        return;
    }
    long long area = (long long)height * width, at = (long long)(tile.top + row) * width + tile.left + column;
    for (int channel = 0; channel < 3; channel++) {
        picture[channel * area + at] = channels == 3 ? shade.color[channel] : straight(shade, channel);
    }
    if (channels == 4) {
        picture[3 * area + at] = shade.alpha;
    }
}

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
