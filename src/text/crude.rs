//! temporary
use super::*;
pub fn analyse(source: &str) -> Text<'_> {
    let mut words: Vec<Word> = vec![];
    let chars: Vec<(usize, char)> = source.char_indices().collect();
    let n = chars.len();
    let at = |i: usize| if i < n { chars[i].0 } else { source.len() };
    let ch = |i: usize| if i < n { chars[i].1 } else { ' ' };
    let mut i = 0;
    while i < n {
        let c = ch(i);
        if c.is_whitespace() { i += 1; continue; }
        let st = i;
        let mut kind = WordKind::Mark;
        let mut shape = Shape::default();
        if c.is_alphanumeric() {
            kind = if c.is_numeric() { WordKind::Number } else { WordKind::Word };
            i += 1;
            while i < n {
                let d = ch(i);
                if d.is_alphanumeric() { i += 1; }
                else if matches!(d, '-' | '\'' | '’' | '&') && ch(i + 1).is_alphanumeric() { i += 2; }
                else if matches!(d, ',' | '.') && ch(i + 1).is_numeric() && ch(i - 1).is_numeric() { i += 2; }
                else if d == '.' && ch(i+1).is_alphabetic() && ch(i - 1).is_uppercase() && (i < 2 || !ch(i-2).is_alphabetic()) { i += 2; }
                else { break; }
            }
            let w = &source[at(st)..at(i)];
            if ch(i) == '.' && (w.contains('.') || (w.len() == 1 && c.is_uppercase()) || ["Mr","Mrs","Ms","Dr","Gen","Sen","Rep","Gov","Maj","Lt","Col","Sgt","Oct","Nov","Dec","Jan","Feb","Mar","Apr","Aug","Sept","St","Jr","Sr","Inc","Rev","No","vs"].contains(&w)) { i += 1; shape.set(Shape::ABBREVIATION); }
        } else { i += 1; if matches!(c, '-' | '.') { while ch(i) == c { i += 1; } }
            if matches!(c, '“' | '”' | '"') { kind = WordKind::QuoteMark; }
            if (c == '`' && ch(i) == '`') || (c == '\'' && ch(i) == '\'') { i += 1; kind = WordKind::QuoteMark; }
            if c == '‘' { kind = WordKind::QuoteMark; }
            if c == '\'' && ch(i).is_alphanumeric() && (st == 0 || ch(st-1).is_whitespace()) { kind = WordKind::QuoteMark; }
            if matches!(c, '’' | '\'') && st > 0 && kind == WordKind::Mark { if words.iter().rev().take(60).any(|w| w.kind == WordKind::QuoteMark && matches!(w.span.of(source), "‘" | "'")) && !(ch(st-1) == 's' && ch(i) == ' ' && ch(i+1).is_lowercase()) { kind = WordKind::QuoteMark; } }
        }
        let w = &source[at(st)..at(i)];
        let mut core_end = at(i);
        for suf in ["'s", "’s"] { if w.ends_with(suf) && w.len() > suf.len() { core_end -= suf.len(); shape.set(Shape::POSSESSIVE); } }
        if c.is_uppercase() { shape.set(Shape::CAPITAL); }
        if w.chars().filter(|c| c.is_alphabetic()).count() > 1 && !w.chars().any(char::is_lowercase) && c.is_alphabetic() { shape.set(Shape::ALL_CAPS); }
        words.push(Word { span: Span::new(at(st) as u32, at(i) as u32), core_end: core_end as u32, kind, shape, hash: fold_hash(&source[at(st)..core_end].replace('’', "'")) });
    }
    // paragraphs and sentences
    let blank = source.contains("\n\n");
    let mut sentences: Vec<Sentence> = vec![]; let mut paragraphs: Vec<Paragraph> = vec![];
    let mut sstart = 0usize; let mut pstart = 0usize;
    for k in 0..words.len() {
        let last = k + 1 == words.len();
        let gap = if last { "\n\n" } else { &source[words[k].span.end as usize..words[k + 1].span.start as usize] };
        let pend = last || gap.matches('\n').count() >= if blank { 2 } else { 1 };
        let w = words[k].span.of(source);
        let mut e = pend;
        if !e {
            let stopish = |x: &str| matches!(x, "." | "!" | "?" | "...");
            let closing = words[k].kind == WordKind::QuoteMark && k > 0 && stopish(words[k - 1].span.of(source)) && matches!(w, "”" | "\"" | "''" | "’" | "'");
            let next_close = words[k + 1].kind == WordKind::QuoteMark && gap.is_empty();
            let nx = words[k + 1]; let nc = nx.span.of(source).chars().next().unwrap();
            if (stopish(w) && !next_close) || closing { if nc.is_uppercase() || nc.is_numeric() || nx.kind == WordKind::QuoteMark { e = !gap.is_empty(); } }
        }
        if e { sentences.push(Sentence { span: Span::new(words[sstart].span.start, words[k].span.end), first_word: sstart as u32, end_word: k as u32 + 1, paragraph: paragraphs.len() as u32, kind: SentenceKind::Prose }); 
            if let Some(f) = (sstart..=k).find(|&x| matches!(words[x].kind, WordKind::Word|WordKind::Number)) { words[f].shape.set(Shape::SENTENCE_START); }
            sstart = k + 1; }
        if pend { paragraphs.push(Paragraph { span: Span::default(), first_sentence: pstart as u32, end_sentence: sentences.len() as u32 }); pstart = sentences.len(); }
    }
    let mut quotes: Vec<Quote> = vec![];
    let mut unclosed: Option<u32> = None;
    for p in &paragraphs {
        let (a, b) = (sentences[p.first_sentence as usize].first_word as usize, sentences[p.end_sentence as usize - 1].end_word as usize);
        let mut open: Option<(usize, bool)> = None;
        let mut prev = unclosed.take();
        let mut push = |quotes: &mut Vec<Quote>, s: usize, e: usize, closed: bool, cont: Option<u32>| {
            quotes.push(Quote { span: Span::new(words[s].span.start, words[e - 1].span.end), inner: Span::new(words[s].span.end, words[e-1].span.start.max(words[s].span.end)), first_word: s as u32, end_word: e as u32, style: QuoteStyle::Double, depth: 0, closed, continues: cont });
        };
        for k in a..b {
            if words[k].kind != WordKind::QuoteMark { continue; }
            let w = words[k].span.of(source);
            let single = matches!(w, "‘" | "’" | "'");
            match open {
                None => if !matches!(w, "”" | "’") { open = Some((k, single)); },
                Some((s, sg)) => if sg == single && !matches!(w, "“" | "‘" | "``") { push(&mut quotes, s, k + 1, true, if s == a { prev.take() } else { None }); open = None; } else if !single && matches!(w, "“" | "``") { push(&mut quotes, s, k, false, if s == a { prev.take() } else { None }); open = Some((k, single)); }
            }
        }
        if let Some((s, sg)) = open { if !sg { push(&mut quotes, s, b, false, if s == a { prev.take() } else { None }); unclosed = Some(quotes.len() as u32 - 1); } }
    }
    Text { source, words, sentences, paragraphs, quotes }
}
