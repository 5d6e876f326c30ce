//! Words without a meaning of their own here: they say where names begin and end.

const BACKGROUNDS: &str = "\
    background backdrop wall gradient canvas surface paper";

const DETERMINERS: &str = "\
    a an the this that these those my your his her its our their another each every";

const PREPOSITIONS: &str = "\
    of at from to into onto through across among amid against between around along for without toward towards \
    during off past like featuring as";

const FUNCTION_WORDS: &str = "\
    is are was were be being been has have having which who whose where while when or but not no very really too \
    so it he she they them him i we you me us there here up down out away together all only just also more most \
    please draw paint make show create generate than then own s t full top left right front back side sides middle \
    center centre";

const ABSTRACT: &str = "\
    thing things something anything everything nothing object objects scene image picture pictures art artwork \
    view style styles detail details quality resolution color colors colour colours light lights lighting shadow \
    shadows mood atmosphere render rendering portrait close closeup composition perspective bunch number set kind \
    sort type lot group front day time way hd 4k 8k uhd hdr cgi 3d 2d minimalism concept design icon logo poster \
    wallpaper sticker clipart background foreground horizon shape form size frame shot photography masterpiece";

const ADJECTIVES: &str = "\
    beautiful cute pretty nice lovely happy sad angry funny silly cool young old new ancient modern vintage retro \
    classic simple plain solid empty tall short long wide thin fat round square flat sharp soft hard smooth rough \
    fluffy furry fuzzy hairy shiny bright dark light pale deep vivid vibrant pastel warm cold hot wet dry fresh \
    ripe wild tame fast slow quiet loud calm wooden golden metal metallic plastic glass stone iron steel wool \
    paper sunny cloudy rainy snowy stormy windy foggy misty starry sandy grassy rocky leafy green friendly scary \
    spooky evil good bad magic magical mystical epic cinematic dramatic realistic surreal abstract minimalist \
    minimal detailed intricate blurry low high big small tiny little large huge giant enormous cozy rustic fancy \
    elegant royal single lonely alone asleep awake open closed broken baby adult male female wise brave strong \
    weak clean dirty rich poor sweet sour spicy delicious tasty juicy yummy half whole sleepy tired hungry grumpy \
    smart clever lazy busy crazy weird strange mysterious gentle kawaii chibi cartoon digital best perfect great \
    amazing awesome wonderful fantastic gorgeous tropical arctic ultra hyper super 4k 8k hd 3d 2d striped spotted \
    dotted checkered transparent colorful colourful white black multicolored rainbow medieval futuristic gothic \
    victorian japanese chinese american european african italian french german english indian";

/// Phrases of a scene's or thing's words that mean neither.
pub(super) const IDLE: &[&str] = &[
    "in the sun",
    "in the sunshine",
    "in the light",
    "in the dark",
    "in the shade",
    "on the left",
    "on the right",
    "in the background",
    "in the foreground",
    "in the middle",
    "in the center",
    "on fire",
    "in front",
    "at home",
    "in love",
    "with love",
];

/// Whether a background of one color may be called so.
pub(super) fn is_background(word: &str) -> bool {
    contains(BACKGROUNDS, word)
}

/// Whether a word begins the name of something.
pub(super) fn is_determiner(word: &str) -> bool {
    contains(DETERMINERS, word)
}

/// Whether a word stands before the name of something, and is no relation here.
pub(super) fn is_preposition(word: &str) -> bool {
    contains(PREPOSITIONS, word)
}

/// Whether a word ends a phrase, and means nothing here.
pub(super) fn is_function_word(word: &str) -> bool {
    contains(FUNCTION_WORDS, word)
}

/// Whether a noun is about the picture rather than in it, or about nothing that could be drawn.
pub(super) fn is_abstract(word: &str) -> bool {
    contains(ABSTRACT, word)
}

/// Whether a word is a common adjective, or another word about a thing.
pub(super) fn is_adjective(word: &str) -> bool {
    contains(ADJECTIVES, word)
}

fn contains(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}
