#!/usr/bin/env bash
# What text2art does, a line or two each: copy the one you need. All of it uses the model inside the program, offline.
# Or run all of it, in an empty folder, where it leaves its pictures:
#
#     TEXT2ART=target/release/text2art bash examples/one-liners.sh
#
# TEXT2ART says where the program is, if not in PATH. Any setting can come from the environment: with
# TEXT2ART_SIZE=48x48 TEXT2ART_ITERATIONS=10 everything here is small and quick.
set -euo pipefail
text2art() { command "${TEXT2ART:-text2art}" "$@"; }
photo=${PHOTO:-$(dirname "$0")/pictures/red-apple.png}

# A picture. Its name is the last line printed: a-red-apple-on-a-blue-background-0.png
text2art a red apple on a blue background
# Another seed is another picture; a word is a seed, too.
text2art a green frog --seed lucky -o frog.png
# Several prompts; the second one counts half.
text2art "a cactus | sunset:0.5" -o cactus.png
# Another shape, and exactly this size.
text2art a sailboat on the sea --aspect widescreen -o sea.png
text2art a penguin in the snow --size 75x50 -o penguin.png
# Start from a picture, and stay near it.
text2art a golden apple on a red background --init-image "$photo" --init-weight 0.2 -o golden.png
# Make it look like a picture and a sentence at once.
text2art pencil sketch of an apple --image-prompt "$photo:0.5" -o sketch.png
# Stop when nothing gets better any more.
text2art a yellow banana --auto-stop -o banana.png

# What the settings come to, before the work.
text2art a castle --quality best --dry-run

# A picture, a GIF and an MP4 of how it came about: four seconds, the last one of them still.
text2art a purple octopus --gif --mp4 --fps 10 --seconds 4 --hold 1 -o octopus.png
# Only the film, there and back.
text2art a pink flower -o flower.gif --boomerang
# Every frame as a file, and a film of them later; frames may come from anywhere.
text2art a blue butterfly --frames butterfly -o butterfly.png
text2art video butterfly -o butterfly.mp4 --fps 8

# Save where it stands as it goes, and go on later: after Ctrl-C, a power cut, or for more of the same.
text2art a house --learning-rate-drops none --checkpoint-every 5 -o house.png
text2art resume house.png.t2a -n +10 -o house-more.png
text2art resume house.png.t2a -n +10 --prompt "a house at night" -o house-night.png

# A picture carries its recipe: show it, repeat it to the byte, or repeat it with a change.
text2art info frog.png
text2art --from frog.png -o again.png && cmp frog.png again.png
text2art --from frog.png --seed 8 --cutouts 16 -o other.png

# Many at a time: what a shell can print, a file of prompts, several seeds of which the best one stays.
printf 'a %s car\n' red green blue | text2art batch - -o '{slug}.png' --results none
printf 'a red rose\na yellow tulip\n' | text2art batch - --samples 3 --keep 1 -o 'best-{slug}.png' \
    --results best.jsonl --contact-sheet best.html
# How well pictures fit sentences, best first.
text2art score ./*.png --prompt "a green frog" | sort -rn | head -n 3
text2art score frog.png --prompt "a green frog" --prompt "a red apple" --json

# For programs: names on standard output, a JSON object a line on standard error.
text2art an orange fish -o fish.png --progress json 2>fish.jsonl
text2art an orange fish -o - --quiet >fish-again.png
# What the VQGAN can draw at all: a picture through its codebook.
text2art reconstruct "$photo" -o reconstructed.png
