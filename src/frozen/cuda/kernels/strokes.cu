// Strokes on paper: their boxes and the lines of their curves, and the picture.
#include "strokes.cuh"

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
