#!/usr/bin/env bash
# An example of every feature, in a line or two: copy the one you need. All of them use the model inside the program and
# work offline. You can also run the whole file in an empty folder, where it leaves its pictures:
#
#     TEXT2ART=target/release/text2art bash examples/one-liners.sh
#
# TEXT2ART is the path of the program if it is not in PATH. Settings can come from the environment: with
# TEXT2ART_SIZE=48x48 TEXT2ART_ITERATIONS=10 everything here is small and quick.
set -euo pipefail
text2art() { command "${TEXT2ART:-text2art}" "$@"; }
photo=${PHOTO:-$(dirname "$0")/pictures/red-apple.png}

# A picture. Its name is the last line printed: a-red-apple-on-a-blue-background-0.png
text2art a red apple on a blue background
# Another seed gives another picture. A seed is a number or a word.
text2art a green frog --seed lucky -o frog.png
# Several prompts; the second one counts half.
text2art "a cactus | sunset:0.5" -o cactus.png
# Another shape, and an exact size.
text2art a sailboat on the sea --aspect widescreen -o sea.png
text2art a penguin in the snow --size 75x50 -o penguin.png
# Start from an image, and stay close to it.
text2art a golden apple on a red background --init-image "$photo" --init-weight 0.2 -o golden.png
# Also steer toward a thing that CLIP reads in several sentences.
text2art a castle --label owl:0.5 -o label.png
# Steer away from letters, which CLIP likes to write into pictures.
text2art a sailboat on the sea --no-text -o no-text.png
# Follow an image and a sentence at once.
text2art pencil sketch of an apple --image-prompt "$photo:0.5" -o sketch.png
# Follow the layout and textures of the image as well, until the picture is close to it.
text2art a golden apple --image-prompt "$photo" --recut-images --image-stop 0.1 -o like.png
# Show an average over the iterations, which is calmer than the last one.
text2art a castle --average 0.9 -o calm.png
# Judge the whole picture first and its parts later, mostly in the middle.
text2art an owl --zooms 0.25,0.75@40% --center-bias 2 --cut-power 2 -o middle.png
# Follow each iteration alone, as aphantasia does for waves.
text2art an owl --drawer fft --momentum 0 -o waves-owl.png
# Also judge the picture itself: make it symmetric, its colors stronger, and its edge dark.
text2art an owl --loss symmetry,saturation:0.5,border=navy -o owl.png
# Stop when the loss stops improving.
text2art a yellow banana --auto-stop -o banana.png

# Print the settings and the memory a run needs, without drawing.
text2art a castle --quality best --dry-run

# A picture, and a GIF and an MP4 of how it was drawn: four seconds, of which the last shows the final picture.
text2art a purple octopus --gif --mp4 --fps 10 --seconds 4 --hold 1 -o octopus.png
# Only the movie, forward and backward.
text2art a pink flower -o flower.gif --boomerang
# Every frame as a file, and later a movie of them. The frames can come from any program.
text2art a blue butterfly --frames butterfly -o butterfly.png
text2art video butterfly -o butterfly.mp4 --fps 8

# Write checkpoints, and continue later: after Ctrl-C, after a power cut, or to add iterations.
text2art a house --learning-rate-drops none --checkpoint-every 5 -o house.png
text2art resume house.png.t2a -n +10 -o house-more.png
text2art resume house.png.t2a -n +10 --prompt "a house at night" -o house-night.png

# A picture contains its recipe: print it, repeat it byte for byte, or repeat it with a change.
text2art info frog.png
text2art --from frog.png -o again.png && cmp frog.png again.png
text2art --from frog.png --seed 8 --cutouts 16 -o other.png

# Pictures are drawn small and enlarged 4 times. Save one as it was drawn, and enlarge it later in another way.
text2art a purple octopus --upscale 1 -o octopus-small.png
text2art upscale octopus-small.png -x 2

# A painting of strokes: the picture, an SVG of its strokes, and a movie that paints it stroke by stroke.
text2art a snowman --drawer strokes --svg --reveal -o snowman.png
# The finished picture at another size, sharp at any, without another iteration.
text2art render snowman.png -x 2 -o snowman-large.png
text2art render snowman.png --reveal snowman.gif

# Many pictures: prompts from a shell, or several seeds of which only the best is kept.
printf 'a %s car\n' red green blue | text2art batch - -o '{slug}.png' --results none
printf 'a red rose\na yellow tulip\n' | text2art batch - --samples 3 --keep 1 -o 'best-{slug}.png' \
    --results best.jsonl --contact-sheet best.html
# Measure how well pictures fit a sentence, best first.
text2art score ./*.png --prompt "a green frog" | sort -rn | head -n 3
text2art score frog.png --prompt "a green frog" --prompt "a red apple" --json

# For scripts: paths on standard output, one JSON object per line on standard error.
text2art an orange fish -o fish.png --progress json 2>fish.jsonl
text2art an orange fish -o - --quiet >fish-again.png
# See how closely the VQGAN can reproduce an image: encode and decode it.
text2art reconstruct "$photo" -o reconstructed.png
