//! Reads a sentence from left to right: the longest phrase that is known, then the next.

use super::lexicon::Lexicon;
use super::relations::{BODY_PARTS, HEADWEAR, NUMBERS, RELATIONS, SIZES};
use super::scenes::{PLACED_SCENES, SCENE_PREPOSITIONS, SCENES, Scene};
use super::small_words::{
    IDLE, is_abstract, is_adjective, is_background, is_determiner, is_function_word, is_preposition,
};
use super::styles::STYLES;
use super::words::{Token, find, split, starts};
use super::{Backdrop, Color, Group, MOST_GROUPS, MOST_THINGS, Relation, Sentence, colors};

/// The most words without a meaning between "in the" and the name of a scene.
const MOST_ADJECTIVES: usize = 2;
/// How many a plural without a number means.
const SEVERAL: usize = 3;

/// What a token was read as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Break,
    /// A determiner, a number or a preposition: the name of something follows
    Opening,
    /// A conjunction or a relation: the name of something may follow
    Joining,
    /// What ends a name and begins none
    Closing,
    /// An adjective or a color
    Adjective,
    /// A thing, a scene, a style, or another word that the model was trained on
    Known,
    Unknown,
}

/// A sentence, with all its tokens and what each was read as.
pub(super) struct Reading {
    pub sentence: Sentence,
    pub tokens: Vec<Token>,
    pub kinds: Vec<Kind>,
}

/// What was said of the thing that follows.
#[derive(Default)]
struct Pending {
    count: Option<usize>,
    colors: Vec<Color>,
    scale: Option<f64>,
}

struct Reader<'a> {
    lexicon: &'a Lexicon,
    tokens: &'a [Token],
    kinds: Vec<Kind>,
    sentence: Sentence,
    pending: Pending,
    relation: Relation,
    /// The word of the relation
    relating: &'a str,
    /// Whether the token before ended the name of a thing in singular
    after_thing: bool,
}

/// Reads a text.
pub(super) fn read(text: &str, lexicon: &Lexicon) -> Reading {
    let is_known = |word: &str| lexicon.knows(word) || word == "low-poly";
    let tokens = split(text, &is_known);
    let mut reader = Reader {
        lexicon,
        tokens: &tokens,
        kinds: Vec::with_capacity(tokens.len()),
        sentence: Sentence::default(),
        pending: Pending::default(),
        relation: Relation::default(),
        relating: "",
        after_thing: false,
    };
    while reader.kinds.len() < tokens.len() {
        reader.next();
    }
    let Reader { kinds, sentence, .. } = reader;
    Reading { sentence, tokens, kinds }
}

impl<'a> Reader<'a> {
    /// Reads what comes next: at least one token.
    fn next(&mut self) {
        let after_thing = std::mem::take(&mut self.after_thing);
        let Some(word) = self.rest()[0].word() else {
            (self.pending, self.relation, self.relating) = (Pending::default(), Relation::With, "");
            return self.take(1, Kind::Break);
        };
        let words = self.words();
        if let Some(used) = IDLE.iter().filter_map(|phrase| starts(&words, phrase)).max() {
            // "on the left of" and "in front of" are relations.
            if words.get(used) != Some(&"of") && self.scene().is_none_or(|(_, of_scene)| of_scene <= used) {
                return self.take(used, Kind::Closing);
            }
        }
        let thing = self.lexicon.thing(self.rest());
        let of_thing = thing.as_ref().map_or(0, |found| found.used);
        if let Some((style, used)) = self.style().filter(|(_, used)| *used > of_thing) {
            if !self.sentence.styles.contains(&style) {
                self.sentence.styles.push(style);
            }
            return self.take(used, Kind::Known);
        }
        if let Some((colors, used)) = self.colors().filter(|(_, used)| *used >= of_thing) {
            let noun = words.get(used).is_some_and(|noun| is_background(noun));
            let bare = words.len() == used
                && matches!(self.relating, "on" | "against")
                && self.kinds.last() == Some(&Kind::Joining);
            if noun || bare {
                self.sentence.backdrop.get_or_insert(Backdrop::Colors(colors));
                (self.pending, self.relation) = (Pending::default(), Relation::With);
                return self.take(used + usize::from(noun), Kind::Known);
            }
            // "orange" alone is a thing.
            if of_thing == 0 || self.names_more(used) {
                self.pending.colors = colors;
                return self.take(used, Kind::Adjective);
            }
        }
        // "two mountains" are things, "mountains" a scene.
        let least = if self.pending.count.is_some() { of_thing + 1 } else { of_thing };
        if let Some((scene, used)) = self.scene().filter(|(_, used)| *used >= least) {
            self.sentence.backdrop.get_or_insert(Backdrop::Scene(scene));
            (self.pending, self.relation, self.relating) = (Pending::default(), Relation::With, "");
            // A name ends before "in the snow".
            let placed = used > 1 && SCENE_PREPOSITIONS.iter().any(|phrase| starts(&words, phrase).is_some());
            self.take(1, if placed { Kind::Closing } else { Kind::Known });
            return self.take(used - 1, Kind::Known);
        }
        if let Some(found) = thing {
            // "red apple" is a name of the apple, whose color counts as any other.
            if let Some((color, before)) = colors::color(&words)
                && before < found.used
                && self.lexicon.thing(&self.rest()[before..]).is_some_and(|rest| rest.thing == found.thing)
            {
                self.pending.colors = vec![color];
            }
            self.add(&found.thing, found.plural, after_thing);
            self.after_thing = !found.plural;
            return self.take(found.used, Kind::Known);
        }
        if let Some((count, used)) = number(&words) {
            self.pending = Pending { count: Some(count), ..Pending::default() };
            return self.take(used, Kind::Opening);
        }
        if let Some((relation, used)) = find(&words, RELATIONS) {
            (self.pending, self.relation, self.relating) = (Pending::default(), relation, word_of(&words, used));
            return self.take(used, Kind::Joining);
        }
        if let Some((scale, used)) = find(&words, SIZES) {
            self.pending.scale = Some(scale);
            return self.take(used, Kind::Adjective);
        }
        if is_determiner(word) {
            self.pending = Pending::default();
            return self.take(1, Kind::Opening);
        }
        let kind = if is_preposition(word) {
            Kind::Opening
        } else if is_function_word(word) {
            Kind::Closing
        } else if is_abstract(word) {
            Kind::Known
        } else if is_adjective(word) || colors::is_part(word) {
            Kind::Adjective
        } else if self.lexicon.knows(word) || word.chars().all(char::is_numeric) {
            Kind::Known
        } else {
            Kind::Unknown
        };
        self.take(1, kind);
    }

    fn rest(&self) -> &'a [Token] {
        &self.tokens[self.kinds.len()..]
    }

    /// The words up to the next break.
    fn words(&self) -> Vec<&'a str> {
        self.rest().iter().map_while(Token::word).collect()
    }

    fn take(&mut self, used: usize, kind: Kind) {
        let used = used.min(self.rest().len());
        self.kinds.extend(std::iter::repeat_n(kind, used));
    }

    /// Whether something that could be named follows these words directly.
    fn names_more(&self, used: usize) -> bool {
        let words = self.words();
        let Some(next) = words.get(used) else { return false };
        find(&words[used..], RELATIONS).is_none()
            && !is_preposition(next)
            && !is_function_word(next)
            && !is_determiner(next)
    }

    /// One color, or two with "and" between them.
    fn colors(&self) -> Option<(Vec<Color>, usize)> {
        let words = self.words();
        let (first, used) = colors::color(&words)?;
        if words.get(used) == Some(&"and")
            && let Some((second, more)) = colors::color(&words[used + 1..])
            && words.len() > used + 1 + more
        {
            return Some((vec![first, second], used + 1 + more));
        }
        Some((vec![first], used))
    }

    fn style(&self) -> Option<(&'static str, usize)> {
        let words = self.words();
        if let Some(used) = starts(&words, "black and white") {
            let before = self.kinds.last().is_none_or(|kind| *kind == Kind::Break);
            if before && (words.len() == used || words.get(used) == Some(&"style")) {
                return Some(("black and white", used));
            }
        }
        find(&words, STYLES)
    }

    /// A scene after words such as "in the", or by itself.
    fn scene(&self) -> Option<(&'static Scene, usize)> {
        let words = self.words();
        let prepositions = SCENE_PREPOSITIONS.iter().filter_map(|phrase| starts(&words, phrase));
        let begin = prepositions.max().unwrap_or(0);
        let mut best: Option<(&'static Scene, usize)> = None;
        let mut keep = |scene: &'static Scene, used: usize| {
            if best.is_none_or(|(_, most)| used > most) {
                best = Some((scene, used));
            }
        };
        for scene in SCENES {
            for used in scene.adverbs.iter().filter_map(|phrase| starts(&words, phrase)) {
                keep(scene, used);
            }
        }
        let mut at = begin;
        if begin > 0 && words.get(at).is_some_and(|word| is_determiner(word)) {
            at += 1;
        }
        for skipped in 0..=if begin > 0 { MOST_ADJECTIVES } else { 0 } {
            let Some(words) = words.get(at + skipped..) else { break };
            for scene in SCENES {
                let nouns = scene.nouns.iter().filter_map(|noun| starts(words, noun));
                for used in nouns.filter(|used| !self.is_head_after(at + skipped + used)) {
                    if begin > 0 || !PLACED_SCENES.contains(&words[0]) {
                        keep(scene, at + skipped + used);
                    }
                }
            }
            // What a scene is like must not be something else.
            if !words.first().is_some_and(|word| self.is_quality(word, at + skipped)) {
                break;
            }
        }
        best
    }

    /// Whether a word only says what a scene is like.
    fn is_quality(&self, word: &str, at: usize) -> bool {
        is_adjective(word)
            || colors::is_part(word)
            || SIZES.iter().any(|(name, _)| *name == word)
            || !(self.lexicon.thing(&self.rest()[at..]).is_some()
                || self.lexicon.knows(word)
                || is_determiner(word)
                || is_preposition(word)
                || is_function_word(word)
                || number(&[word]).is_some()
                || find(&[word], RELATIONS).is_some())
    }

    /// Whether a thing follows directly, so that the words before it only say of what kind it is: "a snow leopard".
    fn is_head_after(&self, used: usize) -> bool {
        self.rest().get(used..).is_some_and(|rest| self.lexicon.thing(rest).is_some())
    }

    /// Adds a group, or makes the thing before only a kind of this one: "a chocolate cake" is a cake.
    fn add(&mut self, thing: &str, plural: bool, after_thing: bool) {
        let Pending { count, colors, scale } = std::mem::take(&mut self.pending);
        let relating = std::mem::take(&mut self.relating);
        let relation = std::mem::take(&mut self.relation);
        if matches!(relating, "with" | "having") && BODY_PARTS.contains(&thing) {
            return;
        }
        let color = if colors.len() == 1 { colors.first().copied() } else { None };
        let count = count.unwrap_or(if plural { SEVERAL } else { 1 });
        let room = MOST_THINGS.saturating_sub(self.sentence.count());
        if after_thing && let Some(last) = self.sentence.groups.last_mut() {
            thing.clone_into(&mut last.thing);
            if plural && last.count == 1 {
                last.count = SEVERAL.min(1 + room);
            }
            return;
        }
        if room == 0 || self.sentence.groups.len() == MOST_GROUPS {
            return;
        }
        let relation = match relation {
            Relation::With if matches!(relating, "with" | "wearing") && HEADWEAR.contains(&thing) => Relation::Bearing,
            relation => relation,
        };
        // A name that is a plural already, such as "scissors", is one thing if a pair of it is asked for.
        let count = if !plural && thing.ends_with('s') && count == 2 && names_pair(thing) { 1 } else { count };
        let (count, scale) = (count.min(room), scale.unwrap_or(1.0));
        self.sentence.groups.push(Group { thing: thing.to_owned(), count, color, scale, relation });
    }
}

/// Whether a thing is a pair of something.
fn names_pair(thing: &str) -> bool {
    ["scissors", "glasses", "sunglasses", "socks", "gloves", "jeans", "crossed swords"].contains(&thing)
}

/// A number in words or digits.
fn number(words: &[&str]) -> Option<(usize, usize)> {
    let digits = |word: &&str| word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit());
    let in_digits = words.first().filter(|word| digits(word)).and_then(|word| word.parse().ok());
    in_digits.map(|count: usize| (count.clamp(1, MOST_THINGS), 1)).or_else(|| find(words, NUMBERS))
}

/// The word of a relation, if it is only one.
fn word_of<'a>(words: &[&'a str], used: usize) -> &'a str {
    if used == 1 { words.first().copied().unwrap_or_default() } else { "" }
}
