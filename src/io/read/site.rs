//! Which site a record is from.

use serde::{Deserialize, Serialize};

/// Where the site of a record is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SiteFrom {
    /// The site field, else the host of the URL, else the folder of a text file.
    #[default]
    Auto,
    /// The site field.
    Field,
    /// The host of the URL.
    Url,
    /// The registrable domain of the URL, by the public suffix list.
    Domain,
    /// The folder of the file.
    Folder,
    /// Nothing: the whole run is one site.
    None,
}

/// The site of a record, from its site field, its URL and the folder of its file.
///
/// # Examples
///
/// ```
/// use dechaff::io::read::site::{SiteFrom, site};
/// let url = Some("https://www.News.example.co.uk:443/a");
/// assert_eq!(site(SiteFrom::Auto, None, url, ""), "news.example.co.uk");
/// assert_eq!(site(SiteFrom::Domain, None, url, ""), "example.co.uk");
/// ```
pub fn site(from: SiteFrom, field: Option<&str>, url: Option<&str>, folder: &str) -> String {
    let field = field.filter(|field| !field.trim().is_empty()).map(normalize);
    let host = || url.and_then(host);
    let found = match from {
        SiteFrom::Auto => field.or_else(host).or_else(|| Some(folder.to_owned())),
        SiteFrom::Field => field,
        SiteFrom::Url => host(),
        SiteFrom::Domain => host().map(|host| match psl::domain_str(&host) {
            Some(domain) => domain.to_owned(),
            None => host,
        }),
        SiteFrom::Folder => Some(folder.to_owned()),
        SiteFrom::None => None,
    };
    found.unwrap_or_default()
}

/// Hosts compare without case, port and a leading `www.`.
fn normalize(site: &str) -> String {
    let lower = site.trim().to_lowercase();
    let host = lower.strip_prefix("www.").unwrap_or(&lower);
    match host.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            host.to_owned()
        }
        _ => host.to_owned(),
    }
}

fn host(url: &str) -> Option<String> {
    let parsed = url::Url::parse(url.trim());
    let parsed = parsed.or_else(|_| url::Url::parse(&format!("http://{}", url.trim()))).ok()?;
    parsed.host_str().map(normalize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_compare_without_case_port_and_www() {
        let of = |field| site(SiteFrom::Field, Some(field), None, "f");
        assert_eq!(of(" WWW.Example.com:8080 "), "example.com");
        assert_eq!(of("the daily: news"), "the daily: news");
        assert_eq!(site(SiteFrom::Auto, Some(" "), Some("example.com/x"), "f"), "example.com");
        assert_eq!(site(SiteFrom::Auto, None, Some("::"), "f"), "f");
        assert_eq!(site(SiteFrom::None, Some("a"), None, "f"), "");
    }
}
