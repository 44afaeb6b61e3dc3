//! What holds for every page: its language, its title, its width, a name for everything that can be used, what axe-core
//! finds, and pictures of it to look at.

use crate::browser::driver::Browser;
use crate::requirement;

/// The narrowest telephone.
const NARROW: u32 = 360;
const WIDTHS: [(u32, u32); 2] = [(1280, 800), (390, 844)];

/// Whatever can be used and has no name to be read out, and headings that are not one.
const NAMELESS: &str = "
    const named = e => e.labels?.length || e.textContent.trim() || e.getAttribute('aria-label');
    const used = [...document.querySelectorAll('a, button, select, textarea, input:not([type=hidden])')];
    const nameless = used.filter(e => !named(e) && !e.querySelector('img[alt]:not([alt=\"\"])'));
    const heads = document.querySelectorAll('h1').length;
    return nameless.map(e => e.outerHTML).concat(heads == 1 ? [] : [heads + ' main headings']);
";

impl Browser {
    /// Checks the page that is shown and takes its pictures.
    pub(crate) fn look(&self, name: &str, lang: &str, title: &str) {
        self.await_title(title);
        self.await_loaded();
        assert_eq!(self.script("return document.documentElement.lang"), lang, "{name}");
        self.set_width(NARROW, 740);
        let width = self.script("return document.documentElement.scrollWidth");
        assert!(width.as_u64().unwrap() <= u64::from(NARROW), "{name}: {width} px on a screen of {NARROW}");
        let images = self.script("return [...document.images].filter(i => !i.naturalWidth).map(i => i.src)");
        assert_eq!(images.as_array().unwrap().len(), 0, "{name}: images are missing: {images}");
        let nameless = self.script(NAMELESS);
        assert_eq!(nameless.as_array().unwrap().len(), 0, "{name}: {nameless:#}");
        let barriers = self.barriers();
        assert!(barriers.is_empty(), "{name}: {barriers:#?}");
        let directory = requirement::target().join("e2e-screenshots");
        std::fs::create_dir_all(&directory).unwrap();
        for (width, height) in WIDTHS {
            self.set_width(width, height);
            std::fs::write(directory.join(format!("{name}.{width}.png")), self.picture()).unwrap();
        }
        self.set_dark(true);
        std::fs::write(directory.join(format!("{name}.dark.png")), self.picture()).unwrap();
        self.set_dark(false);
    }
}
