//! Requests and their answers.

use std::ops::Range;

use leasehold_compiler::diag::Edit;
use leasehold_compiler::editor::complete::{Kind, Proposal, complete};
use leasehold_compiler::editor::hover::hover;
use leasehold_compiler::editor::position::difference;
use leasehold_compiler::editor::symbol::{definition, references};
use leasehold_compiler::fix;
use leasehold_compiler::format::format;
use leasehold_compiler::grammar::Document;
use leasehold_schemas::source::{FileId, Span};
use leasehold_schemas::vocab::Date;
use lsp_server::ErrorCode;
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, CompletionItem, CompletionItemKind, CompletionParams,
    CompletionTextEdit, DocumentFormattingParams, Documentation, GotoDefinitionParams, Hover, HoverContents,
    HoverParams, InsertTextFormat, InsertTextMode, MarkupContent, MarkupKind, Position, ReferenceParams,
    TextEdit, Uri,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::desk::Desk;
use super::protocol::{Sheet, diagnostic};

/// What is sent back: a result, or an error with its reason.
type Answer = Result<Json, (ErrorCode, String)>;

/// Whether the answer speaks of findings, which are to be those of the text as it is.
pub(super) fn needs_findings(method: &str) -> bool {
    method == "textDocument/codeAction"
}

/// Answers a request.
pub(super) fn answer(desk: &mut Desk, method: &str, params: Json, today: Date) -> Answer {
    match method {
        "textDocument/hover" => with(params, |params| hovered(desk, &params)),
        "textDocument/completion" => with(params, |params| completed(desk, &params)),
        "textDocument/definition" => with(params, |params: GotoDefinitionParams| {
            let at = params.text_document_position_params;
            places(desk, &at.text_document.uri, at.position, definition)
        }),
        "textDocument/references" => with(params, |params: ReferenceParams| {
            let at = params.text_document_position;
            let with_definition = params.context.include_declaration;
            places(desk, &at.text_document.uri, at.position, |sources, file, offset| {
                references(sources, file, offset, with_definition)
            })
        }),
        "textDocument/codeAction" => with(params, |params| actions(desk, &params, today)),
        "textDocument/formatting" => with(params, |params| formatted(desk, &params)),
        _ => Err((ErrorCode::MethodNotFound, format!("`{method}` is not served"))),
    }
}

/// Reads a request's parameters and answers it.
fn with<P: DeserializeOwned, R: Serialize>(params: Json, then: impl FnOnce(P) -> R) -> Answer {
    match serde_json::from_value(params) {
        Ok(params) => Ok(serde_json::to_value(then(params)).unwrap_or_default()),
        Err(error) => Err((ErrorCode::InvalidParams, error.to_string())),
    }
}

fn hovered(desk: &mut Desk, params: &HoverParams) -> Option<Hover> {
    let at = &params.text_document_position_params;
    let asked = desk.asked(&at.text_document.uri)?;
    let sheet = Sheet::of(&asked.estate.sources, asked.file);
    let found = hover(&asked.estate.sources, asked.file, sheet.offset(at.position))?;
    Some(Hover {
        contents: HoverContents::Markup(markdown(found.text)),
        range: Some(sheet.range(found.range.start, found.range.end)),
    })
}

fn markdown(value: String) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value }
}

fn completed(desk: &mut Desk, params: &CompletionParams) -> Vec<CompletionItem> {
    let at = &params.text_document_position;
    let takes_snippets = desk.takes_snippets;
    let Some(asked) = desk.asked(&at.text_document.uri) else { return Vec::new() };
    let sheet = Sheet::of(&asked.estate.sources, asked.file);
    let found = complete(&asked.estate.sources, asked.file, sheet.offset(at.position));
    (0..).zip(found).map(|(number, proposal)| item(&sheet, number, proposal, takes_snippets)).collect()
}

fn item(sheet: &Sheet<'_>, number: usize, proposal: Proposal, takes_snippets: bool) -> CompletionItem {
    let Proposal { label, kind, detail, documentation, range: Range { start, end }, snippet } = proposal;
    let new_text = if takes_snippets { snippet } else { without_places(&snippet) };
    CompletionItem {
        label,
        kind: Some(match kind {
            Kind::Key => CompletionItemKind::PROPERTY,
            Kind::Element => CompletionItemKind::SNIPPET,
            Kind::Choice => CompletionItemKind::ENUM_MEMBER,
            Kind::Name => CompletionItemKind::VALUE,
        }),
        detail: Some(detail).filter(|detail| !detail.is_empty()),
        documentation: documentation.map(|text| Documentation::MarkupContent(markdown(text))),
        sort_text: Some(format!("{number:04}")),
        insert_text_format: Some(if takes_snippets {
            InsertTextFormat::SNIPPET
        } else {
            InsertTextFormat::PLAIN_TEXT
        }),
        insert_text_mode: Some(InsertTextMode::ADJUST_INDENTATION),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit { range: sheet.range(start, end), new_text })),
        ..CompletionItem::default()
    }
}

/// A snippet as plain text: of a choice the first word, of a place what stands in it.
fn without_places(snippet: &str) -> String {
    let mut text = String::new();
    let mut rest = snippet;
    while let Some((before, behind)) = rest.split_once('$') {
        text.push_str(before);
        rest = behind.trim_start_matches(|c: char| c.is_ascii_digit());
        if let Some((inside, behind)) = behind.strip_prefix('{').and_then(|inside| inside.split_once('}')) {
            let inside = inside.trim_start_matches(|c: char| c.is_ascii_digit());
            let shown = inside.strip_prefix(':').or_else(|| inside.strip_prefix('|')).unwrap_or_default();
            text.push_str(shown.split([',', '|']).next().unwrap_or_default());
            rest = behind;
        }
    }
    text + rest
}

fn places(
    desk: &mut Desk,
    uri: &Uri,
    position: Position,
    find: impl FnOnce(&leasehold_compiler::source::Sources, FileId, usize) -> Vec<Span>,
) -> Option<Json> {
    let (spans, path) = {
        let asked = desk.asked(uri)?;
        let offset = Sheet::of(&asked.estate.sources, asked.file).offset(position);
        (find(&asked.estate.sources, asked.file, offset), asked.estate.path(asked.file))
    };
    let estate = desk.estate(&path)?;
    let locations: Vec<lsp_types::Location> =
        spans.into_iter().filter_map(|span| desk.location(estate, span)).collect();
    serde_json::to_value(locations).ok()
}

/// Mends of the findings at a place; and all safe ones of the file, if that is what is asked for.
fn actions(desk: &mut Desk, params: &CodeActionParams, today: Date) -> Vec<Json> {
    let uri = params.text_document.uri.clone();
    let wanted = |kind: &CodeActionKind| match &params.context.only {
        None => *kind == CodeActionKind::QUICKFIX,
        Some(only) => only.iter().any(|only| {
            kind.as_str() == only.as_str() || kind.as_str().starts_with(&format!("{}.", only.as_str()))
        }),
    };
    let Some(asked) = desk.asked(&uri) else { return Vec::new() };
    let (sources, file) = (&asked.estate.sources, asked.file);
    let sheet = Sheet::of(sources, file);
    let mut found = Vec::new();
    if wanted(&CodeActionKind::QUICKFIX) {
        let (from, to) = (sheet.offset(params.range.start), sheet.offset(params.range.end));
        for finding in asked.estate.findings.iter().filter(|finding| finding.primary.span.file == file) {
            let span = finding.primary.span;
            let touches = span.start as usize <= to && from <= span.end as usize;
            let Some(fix) = finding
                .fix
                .as_ref()
                .filter(|fix| touches && fix.edits.iter().all(|edit| edit.span.file == file))
            else {
                continue;
            };
            let edits: Vec<TextEdit> = fix.edits.iter().map(|edit| edited(&sheet, edit)).collect();
            let shown = diagnostic(finding, &sheet, |_| None);
            let action = CodeAction {
                title: fix.title.clone(),
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![shown]),
                is_preferred: Some(fix.safe),
                ..CodeAction::default()
            };
            found.push(with_edits(&action, &uri, &edits));
        }
    }
    if params.context.only.is_some() && wanted(&CodeActionKind::SOURCE_FIX_ALL) {
        let fixed = fix::fix(sources.clone(), today, |other| other == file);
        let text = String::from_utf8_lossy(&fixed.sources.file(file).bytes).into_owned();
        if let Some(edit) = replaced(&sheet, &text) {
            let action = CodeAction {
                title: "Mend what can have meant one thing only".to_owned(),
                kind: Some(CodeActionKind::SOURCE_FIX_ALL),
                ..CodeAction::default()
            };
            found.push(with_edits(&action, &uri, &[edit]));
        }
    }
    found
}

fn with_edits(action: &CodeAction, uri: &Uri, edits: &[TextEdit]) -> Json {
    let mut action = serde_json::to_value(action).unwrap_or_default();
    action["edit"] = json!({ "changes": { uri.as_str(): edits } });
    action
}

fn edited(sheet: &Sheet<'_>, edit: &Edit) -> TextEdit {
    TextEdit { range: sheet.span(edit.span), new_text: edit.text.clone() }
}

/// The change that makes another text of the file's.
fn replaced(sheet: &Sheet<'_>, text: &str) -> Option<TextEdit> {
    let (range, new) = difference(sheet.text, text)?;
    Some(TextEdit { range: sheet.range(range.start, range.end), new_text: new.to_owned() })
}

/// The same as `leasehold fmt`; nothing for a file that cannot be read.
fn formatted(desk: &mut Desk, params: &DocumentFormattingParams) -> Option<Vec<TextEdit>> {
    let uri = &params.text_document.uri;
    let document = match desk.asked(uri) {
        Some(asked) => Document::of(&asked.estate.sources.file(asked.file).path),
        None => Document::Site,
    };
    let (_, text) = desk.text(uri)?;
    let formatted = String::from_utf8(format(document, FileId(0), text.as_bytes()).ok()?).ok()?;
    Some(replaced(&Sheet::new(text), &formatted).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::without_places;

    #[test]
    fn a_snippet_without_places_is_what_is_written() {
        assert_eq!(without_places("a: $0"), "a: ");
        assert_eq!(without_places("{n: $1, r: ${2|x,y|}}"), "{n: , r: x}");
        assert_eq!(without_places("${1:name}:\n  $0"), "name:\n  ");
        assert_eq!(without_places("10$"), "10");
    }
}
