//! Whole pages in several languages: the article stays, the rest goes, under the right profile.
//!
//! `testdata/pages/SITE.txt` holds the pages of a site. `=== ID` begins a page; of its lines those
//! after `+` are the article. Those after `~` are as well, but go when the other pages are known,
//! since these list them too.

use std::path::Path;

use dechaff::decide::{Comments, Profile, ProfileChoice, Reason};
use dechaff::{Config, Document, Stripper, clean, learn, without};

/// A page and the lines of its article, those that go with an index among them.
struct Page {
    document: Document,
    article: Vec<&'static str>,
    lost: Vec<&'static str>,
}

impl Page {
    fn article(&self) -> String {
        self.article.join("\n")
    }

    /// What stays when the other pages of the site are known.
    fn kept(&self) -> String {
        let kept = self.article.iter().copied().filter(|line| !self.lost.contains(line));
        kept.collect::<Vec<_>>().join("\n")
    }
}

fn site(name: &str) -> Vec<Page> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pages").join(name);
    let file: &'static str = std::fs::read_to_string(path).expect("the pages are there").leak();
    let pages = file.split("=== ").skip(1).map(|page| {
        let (id, lines) = page.split_once('\n').expect("a page has lines");
        let of = |marks: &str| -> Vec<&'static str> {
            let lines = lines.lines().filter(|line| line.starts_with(|c| marks.contains(c)));
            lines.map(|line| line.get(2..).expect("a mark is followed by a space")).collect()
        };
        let document = Document::new(id, name, of("-+~").join("\n"));
        Page { document, article: of("+~"), lost: of("~") }
    });
    pages.collect()
}

fn documents(pages: &[Page]) -> Vec<Document> {
    pages.iter().map(|page| page.document.clone()).collect()
}

fn config(profile: ProfileChoice) -> Config {
    let mut config = Config::default();
    config.policy.profile = profile;
    config
}

fn check(name: &str) {
    let pages = site(name);
    let auto = Config::default();
    let cleaned = clean(&documents(&pages), &auto).expect("pages can be counted");
    for (cleaned, page) in cleaned.iter().zip(&pages) {
        assert_eq!(cleaned.trim(), page.kept(), "{name} {}", page.document.id);
        let alone = clean(std::slice::from_ref(&page.document), &auto);
        let alone = alone.expect("a page can be counted");
        assert_eq!(alone[0].trim(), page.article(), "{name} {} alone", page.document.id);
    }
}

#[test]
fn the_article_stays_in_english() {
    check("harbor-en.txt");
}

#[test]
fn the_article_stays_in_spanish() {
    check("mountain-es.txt");
}

#[test]
fn the_article_stays_in_arabic() {
    check("oasis-ar.txt");
}

#[test]
fn another_fetch_of_a_page_does_not_speak_against_it() {
    let page = site("harbor-en.txt").swap_remove(0);
    let again = Document { id: "again".to_owned(), ..page.document.clone() };
    let pages = [page.document.clone(), again];
    let cleaned = clean(&pages, &config(ProfileChoice::Page)).unwrap();
    assert_eq!([cleaned[0].trim(), cleaned[1].trim()], [page.article(), page.article()]);
}

#[test]
fn extracted_text_is_taken_for_articles() {
    for name in ["harbor-en.txt", "mountain-es.txt", "oasis-ar.txt"] {
        let texts = site(name).into_iter().map(|page| {
            let text = page.article();
            Document { text, ..page.document }
        });
        let texts: Vec<Document> = texts.collect();
        let as_articles = clean(&texts, &config(ProfileChoice::Article)).unwrap();
        assert_eq!(clean(&texts, &Config::default()).unwrap(), as_articles, "{name}");
    }
}

#[test]
fn the_audit_of_a_page_says_why_and_gives_all_back() {
    let pages = documents(&site("oasis-ar.txt"));
    let config = config(ProfileChoice::Page);
    let index = learn(&pages, &config).unwrap();
    let judged = Stripper::new(&index, &config).strip(&pages[0], ("", 0));
    assert_eq!(judged.profile, Profile::Page);
    assert!(!judged.is_guarded, "what goes as page does not count for the guard");
    let of_page = judged.removals.iter().filter(|removal| removal.reason == Reason::Page);
    assert!(of_page.clone().count() > 10);
    for removal in of_page {
        let page = removal.evidence.page.as_ref().unwrap();
        assert!(page.score <= 0.0 && !page.inputs.is_empty());
    }
    let removed: usize = judged.removals.iter().map(|removal| removal.span.len()).sum();
    let text = &pages[0].text;
    assert_eq!(without(text, &judged.spans()).len() + removed, text.len());
}

#[test]
fn comments_by_readers_go_or_stay_as_told() {
    let page = site("harbor-en.txt").swap_remove(0);
    let said = [
        "Maren",
        "I have lived on the larger island for forty years, and every spring somebody has promised us a \
         second boat. I shall believe it when I stand on it.",
        "oldsalt",
        "Built for a river? Then it will lie in the harbor all winter, as the last one did, and we \
         shall row across with the bread and the post as our fathers used to do before there was any ferry.",
        "Maren",
        "You may be right about that, oldsalt. Still, the waiting room would be something.",
        "tern",
        "Nine hundred thousand is a great deal of bread.",
    ];
    let replies = [12, 3, 0, 7].map(|votes| format!("Reply ({votes})"));
    let thread = said.chunks(2).zip(&replies);
    let thread: Vec<&str> =
        thread.flat_map(|(said, reply)| [said, &[reply.as_str()]].concat()).collect();
    // The comments stand between the article and what is below it.
    let text =
        page.document.text.replacen("Print\n", &format!("Print\n{}\n", thread.join("\n")), 1);
    let document = Document { text, ..page.document.clone() };
    let cleaned = |comments| {
        let mut config = config(ProfileChoice::Page);
        config.policy.comments = comments;
        clean(std::slice::from_ref(&document), &config).unwrap().swap_remove(0)
    };
    assert_eq!(cleaned(Comments::Strip).trim(), page.article());
    let kept = cleaned(Comments::Keep);
    assert!(kept.starts_with(&page.article()), "{kept}");
    for line in said {
        assert!(kept.lines().any(|kept| kept == line), "{line}");
    }
    assert!(replies.iter().all(|reply| !kept.contains(reply.as_str())), "{kept}");
}

#[test]
fn a_page_is_never_emptied() {
    for text in ["Home", "Home\nNews\nHelp", "|\n|\n|", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12"] {
        let page = Document::new("1", "a.example", text);
        let cleaned = clean(&[page], &config(ProfileChoice::Page)).unwrap();
        assert!(!cleaned[0].trim().is_empty(), "{text:?}");
    }
    let empty = Document::new("1", "a.example", " \n ");
    assert_eq!(clean(&[empty], &config(ProfileChoice::Page)).unwrap(), [" \n "]);
}

#[test]
fn what_the_user_allows_and_denies_holds_on_pages() {
    let page = site("harbor-en.txt").swap_remove(0);
    let mut config = config(ProfileChoice::Page);
    let patterns = |text: &str| dechaff::decide::Patterns::parse(text, "test").unwrap();
    config.rules.allow = patterns("Print\n");
    config.rules.deny = patterns("What it will cost\n");
    let cleaned = clean(std::slice::from_ref(&page.document), &config).unwrap();
    let article = page.article().replace("What it will cost\n", "");
    assert_eq!(cleaned[0].trim(), format!("{article}\nPrint"));
}
