//! What the editor has open, and the estates that it belongs to.
//!
//! Invariant: an estate is the files on disk with the editor's unsaved text laid over them. What the editor was told of a
//! file is what was found in it last, and every file that was told of something is told when that is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use leasehold_compiler::diag::Diagnostic;
use leasehold_compiler::editor::position;
use leasehold_compiler::parse::limits;
use leasehold_compiler::source::{ESTATE_PATH, SourceFile, Sources};
use leasehold_compiler::{Cache, check};
use leasehold_schemas::source::{FileId, Span};
use leasehold_schemas::vocab::Date;
use lsp_types::{
    CodeActionKind, CodeActionOptions, CompletionOptions, DidChangeTextDocumentParams,
    DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, Location, OneOf,
    PositionEncodingKind, SaveOptions, ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions, TextDocumentSyncSaveOptions, Uri, WorkspaceFoldersServerCapabilities,
    WorkspaceServerCapabilities,
};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::super::folder::Watched;
use super::paths;
use super::protocol::{Sheet, diagnostic, place};

/// A file that the editor has open.
struct Open {
    uri: String,
    version: i32,
    text: String,
}

/// An estate that is looked at.
pub(super) struct Estate {
    folder: PathBuf,
    watched: Watched,
    /// The files as they were read last.
    disk: Vec<SourceFile>,
    /// Something on disk may have changed.
    is_stale: bool,
    /// Something has changed since the last check.
    is_changed: bool,
    cache: Cache,
    pub(super) sources: Sources,
    pub(super) findings: Vec<Diagnostic>,
    /// What the editor was told, file by file.
    told: BTreeMap<String, Json>,
    /// Why the files could not be read, as it was told.
    complaint: Option<String>,
}

/// Everything that the editor has told.
#[derive(Default)]
pub(super) struct Desk {
    open: BTreeMap<PathBuf, Open>,
    estates: BTreeMap<PathBuf, Estate>,
    folders: BTreeSet<PathBuf>,
    asks_for_changes: bool,
    pub(super) takes_snippets: bool,
}

/// A file of an estate.
pub(super) struct Asked<'d> {
    pub(super) estate: &'d Estate,
    pub(super) file: FileId,
}

impl Desk {
    /// Takes what the editor says of itself; answers what this server can do.
    pub(super) fn initialize(&mut self, params: &Json) -> Json {
        let folders = params["workspaceFolders"].as_array().into_iter().flatten();
        let named = folders.filter_map(|folder| folder["uri"].as_str());
        let root = params["rootUri"].as_str();
        self.folders = named.chain(root).filter_map(paths::path).collect();
        let capabilities = &params["capabilities"];
        let is_set = |place: &str| capabilities.pointer(place) == Some(&Json::Bool(true));
        self.asks_for_changes = is_set("/workspace/didChangeWatchedFiles/dynamicRegistration");
        self.takes_snippets = is_set("/textDocument/completion/completionItem/snippetSupport");
        self.find_estates();
        json!({
            "capabilities": capabilities_of_this_server(),
            "serverInfo": { "name": "leasehold", "version": env!("CARGO_PKG_VERSION") },
        })
    }

    /// Whether the editor may be asked to tell of changed files.
    pub(super) fn may_ask_for_changes(&self) -> bool {
        self.asks_for_changes
    }

    /// Takes a notification; whether there is something to check.
    pub(super) fn note(&mut self, method: &str, params: Json) -> bool {
        match method {
            "textDocument/didOpen" => self.take(params, Self::opened),
            "textDocument/didChange" => self.take(params, Self::changed),
            "textDocument/didClose" => self.take(params, |desk, params| desk.closed(&params)),
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.find_estates();
                self.estates.values_mut().for_each(|estate| estate.is_stale = true);
                true
            }
            "workspace/didChangeWorkspaceFolders" => self.take(params, Self::folders_changed),
            // What is not understood may be ignored: a notification has no answer.
            _ => false,
        }
    }

    fn take<T: DeserializeOwned>(&mut self, params: Json, then: fn(&mut Self, T)) -> bool {
        match serde_json::from_value(params) {
            Ok(params) => {
                then(self, params);
                true
            }
            Err(_) => false,
        }
    }

    fn opened(&mut self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        let Some(path) = paths::path(document.uri.as_str()) else { return };
        let uri = document.uri.as_str().to_owned();
        self.open.insert(path.clone(), Open { uri, version: document.version, text: document.text });
        if let Some(root) = self.root_of(&path) {
            self.begin(root);
        }
        self.touch(&path);
    }

    fn changed(&mut self, params: DidChangeTextDocumentParams) {
        let Some(path) = paths::path(params.text_document.uri.as_str()) else { return };
        let Some(open) = self.open.get_mut(&path) else { return };
        open.version = params.text_document.version;
        for change in params.content_changes {
            open.text = match change.range {
                None => change.text,
                Some(range) => {
                    position::replace(&open.text, (place(range.start), place(range.end)), &change.text)
                }
            };
        }
        self.touch(&path);
    }

    fn closed(&mut self, params: &DidCloseTextDocumentParams) {
        let Some(path) = paths::path(params.text_document.uri.as_str()) else { return };
        self.open.remove(&path);
        self.touch(&path);
        self.estates
            .values_mut()
            .filter(|estate| path.starts_with(&estate.folder))
            .for_each(|estate| estate.is_stale = true);
    }

    fn folders_changed(&mut self, params: DidChangeWorkspaceFoldersParams) {
        for gone in params.event.removed {
            if let Some(path) = paths::path(gone.uri.as_str()) {
                self.folders.remove(&path);
            }
        }
        self.folders.extend(params.event.added.iter().filter_map(|added| paths::path(added.uri.as_str())));
        self.find_estates();
    }

    fn touch(&mut self, path: &Path) {
        let around = self.estates.values_mut().filter(|estate| path.starts_with(&estate.folder));
        around.for_each(|estate| estate.is_changed = true);
    }

    /// Begins to look at the estates in the editor's folders, and around its files.
    fn find_estates(&mut self) {
        let mut roots: Vec<PathBuf> = Vec::new();
        for folder in &self.folders {
            let here = [folder.clone(), folder.join("sites")].into_iter().find(|root| self.is_root(root));
            roots.extend(here.or_else(|| self.root_of(&folder.join(ESTATE_PATH))));
        }
        roots.extend(self.open.keys().filter_map(|path| self.root_of(path)));
        roots.into_iter().for_each(|root| self.begin(root));
    }

    fn begin(&mut self, root: PathBuf) {
        self.estates.entry(root).or_insert_with_key(|root| Estate {
            folder: root.clone(),
            watched: Watched::new(root),
            disk: Vec::new(),
            is_stale: true,
            is_changed: true,
            cache: Cache::default(),
            sources: Sources::default(),
            findings: Vec::new(),
            told: BTreeMap::new(),
            complaint: None,
        });
    }

    /// The nearest folder around a file that holds an `estate.yaml`, on disk or in the editor.
    fn root_of(&self, path: &Path) -> Option<PathBuf> {
        path.ancestors().skip(1).find(|folder| self.is_root(folder)).map(Path::to_owned)
    }

    fn is_root(&self, folder: &Path) -> bool {
        let file = folder.join(ESTATE_PATH);
        self.open.contains_key(&file) || file.is_file()
    }

    /// The file of an estate that a URI names, with the text that the editor shows.
    pub(super) fn asked(&mut self, uri: &Uri) -> Option<Asked<'_>> {
        let path = paths::path(uri.as_str())?;
        let root = self.root_of(&path)?;
        self.begin(root.clone());
        let Desk { open, estates, folders, .. } = self;
        let estate = estates.get_mut(&root)?;
        estate.gather(open, folders);
        let name = path.strip_prefix(&root).ok()?.to_str()?;
        let (file, _) = estate.sources.iter().find(|(_, file)| file.path == name)?;
        Some(Asked { estate, file })
    }

    /// The text of a file that the editor has open.
    pub(super) fn text(&self, uri: &Uri) -> Option<(PathBuf, &str)> {
        let path = paths::path(uri.as_str())?;
        let text = self.open.get(&path)?.text.as_str();
        Some((path, text))
    }

    /// Checks what has changed; returns what the editor is to be told.
    pub(super) fn check(&mut self, today: Date) -> Vec<(&'static str, Json)> {
        let mut news = Vec::new();
        let gone: Vec<PathBuf> = self.estates.keys().filter(|root| !self.is_root(root)).cloned().collect();
        for root in gone {
            let told = self.estates.remove(&root).map(|estate| estate.told).unwrap_or_default();
            news.extend(told.into_keys().map(|uri| published(&uri, None, &json!([]))));
        }
        let Desk { open, estates, folders, .. } = self;
        for estate in estates.values_mut() {
            estate.check(open, folders, today, &mut news);
        }
        news
    }
}

impl Estate {
    /// Lays the editor's text over the files.
    fn gather(&mut self, open: &BTreeMap<PathBuf, Open>, folders: &BTreeSet<PathBuf>) -> bool {
        if !self.is_stale && !self.is_changed {
            return false;
        }
        if std::mem::take(&mut self.is_stale) {
            match self.watched.read() {
                Ok(sources) => {
                    self.disk = sources.iter().map(|(_, file)| file.clone()).collect();
                    self.complaint = None;
                }
                Err(error) => self.complaint = Some(error.to_string()),
            }
            self.is_changed = true;
        }
        let overlays = open.iter().filter_map(|(path, open)| {
            let name = path.strip_prefix(&self.folder).ok()?;
            let hidden = name.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."));
            let is_site = name.extension().is_some_and(|suffix| suffix == "yaml") && !hidden;
            let path = name.to_str().filter(|_| is_site)?.to_owned();
            Some(SourceFile { path, bytes: open.text.clone().into_bytes() })
        });
        let files = self.disk.iter().cloned().chain(overlays).collect();
        self.sources = Sources::new(prefix(&self.folder, folders), files);
        true
    }

    fn check(
        &mut self,
        open: &BTreeMap<PathBuf, Open>,
        folders: &BTreeSet<PathBuf>,
        today: Date,
        news: &mut Vec<(&'static str, Json)>,
    ) {
        let complained = self.complaint.clone();
        if !self.gather(open, folders) {
            return;
        }
        self.is_changed = false;
        if let Some(complaint) = self.complaint.as_ref().filter(|now| Some(*now) != complained.as_ref()) {
            // 1 is an error.
            news.push((
                "window/showMessage",
                json!({ "type": 1, "message": format!("leasehold: {complaint}") }),
            ));
        }
        self.findings = match limits::too_many_files(&self.sources) {
            Some(finding) => vec![finding],
            None if self.sources.is_empty() => Vec::new(),
            None => check(&self.sources, &mut self.cache, today).diagnostics,
        };
        self.tell(open, news);
    }

    /// Tells what is new in any file, and what is gone.
    fn tell(&mut self, open: &BTreeMap<PathBuf, Open>, news: &mut Vec<(&'static str, Json)>) {
        let mut by_file: BTreeMap<FileId, Vec<&Diagnostic>> = BTreeMap::new();
        for finding in &self.findings {
            by_file.entry(finding.primary.span.file).or_default().push(finding);
        }
        let mut now: BTreeMap<String, Json> = BTreeMap::new();
        for (file, findings) in by_file {
            let sheet = Sheet::of(&self.sources, file);
            let shown =
                findings.iter().map(|finding| diagnostic(finding, &sheet, |span| self.location(open, span)));
            let shown: Vec<lsp_types::Diagnostic> = shown.collect();
            let (uri, version) = self.uri(open, file);
            let shown = serde_json::to_value(shown).unwrap_or_default();
            if self.told.get(&uri) != Some(&shown) {
                news.push(published(&uri, version, &shown));
            }
            now.insert(uri, shown);
        }
        for uri in self.told.keys().filter(|uri| !now.contains_key(*uri)) {
            news.push(published(uri, None, &json!([])));
        }
        self.told = now;
    }

    /// A file as the editor calls it, and the version of its text.
    fn uri(&self, open: &BTreeMap<PathBuf, Open>, file: FileId) -> (String, Option<i32>) {
        let path = self.path(file);
        match open.get(&path) {
            Some(open) => (open.uri.clone(), Some(open.version)),
            None => (paths::uri(&path), None),
        }
    }

    pub(super) fn path(&self, file: FileId) -> PathBuf {
        self.folder.join(&self.sources.file(file).path)
    }

    fn location(&self, open: &BTreeMap<PathBuf, Open>, span: Span) -> Option<Location> {
        let uri = self.uri(open, span.file).0.parse().ok()?;
        Some(Location { uri, range: Sheet::of(&self.sources, span.file).span(span) })
    }
}

impl Desk {
    /// Where a span is, as the editor calls it.
    pub(super) fn location(&self, estate: &Estate, span: Span) -> Option<Location> {
        estate.location(&self.open, span)
    }

    /// The estate that was asked for last, again.
    pub(super) fn estate(&self, path: &Path) -> Option<&Estate> {
        self.estates.get(&self.root_of(path)?)
    }
}

fn published(uri: &str, version: Option<i32>, diagnostics: &Json) -> (&'static str, Json) {
    let mut params = json!({ "uri": uri, "diagnostics": diagnostics });
    if let Some(version) = version {
        params["version"] = version.into();
    }
    ("textDocument/publishDiagnostics", params)
}

/// How texts name the estate's folder: as seen from the editor's.
fn prefix(folder: &Path, folders: &BTreeSet<PathBuf>) -> String {
    let around = folders.iter().filter_map(|around| folder.strip_prefix(around).ok()).next();
    let shown = around.or_else(|| folder.file_name().map(Path::new)).unwrap_or(folder);
    let shown = shown.to_string_lossy();
    if shown.is_empty() { String::new() } else { format!("{shown}/") }
}

fn capabilities_of_this_server() -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(PositionEncodingKind::UTF16),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(true.into()),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([" ", "[", "{"].map(str::to_owned).into()),
            ..CompletionOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(
            CodeActionOptions {
                code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::SOURCE_FIX_ALL]),
                ..CodeActionOptions::default()
            }
            .into(),
        ),
        document_formatting_provider: Some(OneOf::Left(true)),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    }
}
