// What strokes on paper cover of the pixels of a tile, and their colors over each other (`drawer/strokes/raster.rs` has the
// formulas). A block draws a tile of 16 x 16 pixels, one thread each, and goes over the strokes in their order, so every sum
// has one order.
//
// numbers: the control points of each stroke [strokes, 3 segments + 1, 2] in pixels, the widths [strokes], and the colors
// with alpha [strokes + 1, 4], of which the last is the paper's. picture: [channels, height, width].
#pragma once

#include "common.cuh"
#include "curves.cuh"

// Width and height of a tile; a tile has as many pixels as a block has threads.
#define TILE_SIDE 16
// Numbers of a prepared stroke before the lines and the flatness of each of its curves: its box, radius and slack.
#define PREPARED 6
// Instead of a curve: the pixel is deep inside the stroke, or not covered.
#define DEEP (-1)
#define NOT_COVERED (-2)

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
