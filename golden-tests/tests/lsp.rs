//! `leasehold lsp` as an editor meets it: messages in, messages out, on the example estate.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the test writes an estate and starts the program"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use leasehold_golden_tests::binaries;
use leasehold_golden_tests::estate_generator::generate;
use serde_json::{Value, json};

/// Longest that an answer may take, on a machine that does much else.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// A site of the example.
const SITE: &str = "wales/FITS-0042.yaml";

/// An editor and the server that it started.
struct Editor {
    server: Child,
    incoming: Receiver<Value>,
    asked: i64,
    folder: tempfile::TempDir,
    /// What the server has published last, by the end of each file's URI.
    published: Vec<(String, Value)>,
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn messages(output: ChildStdout) -> Receiver<Value> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if output.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                if line.trim().is_empty() {
                    break;
                }
                if let Some(value) = line.strip_prefix("Content-Length: ") {
                    length = value.trim().parse().expect("a length is a number");
                }
            }
            let mut body = vec![0; length];
            output.read_exact(&mut body).expect("a message is as long as it says");
            let message = serde_json::from_slice(&body).expect("a message is JSON");
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    receiver
}

impl Editor {
    /// Starts a server over the example estate, below `sites` of a folder of its own.
    fn start() -> Editor {
        Editor::over(&generate(1, None))
    }

    fn over(files: &[(String, String)]) -> Editor {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = folder.path().join("sites").join(path);
            fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a temporary folder");
            fs::write(path, text).expect("a temporary file");
        }
        let program = binaries::binary("leasehold").expect("the program is built");
        let mut server = Command::new(program)
            .args(["lsp", "--stdio", "--today", "2026-11-01"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let incoming = messages(server.stdout.take().expect("its output is a pipe"));
        Editor { server, incoming, asked: 0, folder, published: Vec::new() }
    }

    /// The same, with the conversation begun in this folder of the estate's.
    fn begun(files: &[(String, String)], root: &str) -> Editor {
        let mut editor = Editor::over(files);
        let root = format!("file://{}", editor.folder.path().join(root).display());
        let snippets = json!({ "completion": { "completionItem": { "snippetSupport": true } } });
        let watching = json!({ "didChangeWatchedFiles": { "dynamicRegistration": true } });
        let capabilities = json!({ "textDocument": snippets, "workspace": watching });
        let answer = editor
            .ask("initialize", json!({ "processId": null, "rootUri": root, "capabilities": capabilities }));
        assert_eq!(answer["result"]["capabilities"]["positionEncoding"], "utf-16");
        editor.tell("initialized", json!({}));
        editor
    }

    fn uri(&self, path: &str) -> String {
        format!("file://{}", self.folder.path().join("sites").join(path).display())
    }

    fn write(&mut self, bytes: &[u8]) {
        let input = self.server.stdin.as_mut().expect("its input is a pipe");
        input.write_all(bytes).and_then(|()| input.flush()).expect("the server reads");
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.write(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    fn tell(&mut self, method: &str, params: impl Into<Value>) {
        let params = params.into();
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The next message; what it publishes is noted.
    fn next(&mut self) -> Value {
        let message = self.incoming.recv_timeout(ANSWER_MAX).expect("the server says something");
        if message["method"] == "textDocument/publishDiagnostics" {
            let uri = message["params"]["uri"].as_str().expect("a file has a URI").to_owned();
            self.published.retain(|(known, _)| *known != uri);
            self.published.push((uri, message["params"]["diagnostics"].clone()));
        }
        message
    }

    fn ask(&mut self, method: &str, params: impl Into<Value>) -> Value {
        let params = params.into();
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.next();
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
        }
    }

    /// Waits until what was published is as wished.
    fn wait_for(&mut self, what: &str, done: impl Fn(&Editor) -> bool) {
        while !done(self) {
            let message = self.next();
            assert!(
                message.get("id").is_none() || message.get("method").is_some(),
                "while waiting for {what}: {message}"
            );
        }
    }

    fn found(&self, path: &str) -> Vec<Value> {
        let uri = self.uri(path);
        let of = self.published.iter().find(|(known, _)| *known == uri);
        of.and_then(|(_, found)| found.as_array().cloned()).unwrap_or_default()
    }

    fn all_found(&self) -> usize {
        self.published.iter().filter_map(|(_, found)| found.as_array()).map(Vec::len).sum()
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join("sites").join(path)).expect("the estate has the file")
    }

    fn open(&mut self, path: &str, text: &str) {
        let document = json!({ "uri": self.uri(path), "languageId": "yaml", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Replaces what stands between two places.
    fn edit(&mut self, path: &str, version: i64, from: (usize, usize), to: (usize, usize), text: &str) {
        let place = |(line, character): (usize, usize)| json!({ "line": line, "character": character });
        let change = json!({ "range": { "start": place(from), "end": place(to) }, "text": text });
        let document = json!({ "uri": self.uri(path), "version": version });
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [change] }));
    }

    fn at(&mut self, method: &str, path: &str, (line, character): (usize, usize)) -> Value {
        let document = json!({ "uri": self.uri(path) });
        let position = json!({ "line": line, "character": character });
        let context = json!({ "includeDeclaration": true, "triggerKind": 1 });
        let answer =
            self.ask(method, json!({ "textDocument": document, "position": position, "context": context }));
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn end(mut self) {
        assert_eq!(self.ask("shutdown", Value::Null)["result"], Value::Null);
        assert_eq!(self.ask("textDocument/hover", json!({}))["error"]["code"], -32600, "after shutdown");
        self.tell("exit", Value::Null);
        assert_eq!(self.server.wait().expect("the server ends").code(), Some(0));
    }
}

/// Line and UTF-16 column of the first place of a text.
fn place(text: &str, what: &str) -> (usize, usize) {
    let at = text.find(what).unwrap_or_else(|| panic!("`{what}` is not in the text"));
    let line = text[..at].matches('\n').count();
    let begin = text[..at].rfind('\n').map_or(0, |end| end + 1);
    (line, text[begin..at].encode_utf16().count())
}

#[test]
fn findings_come_while_typing_in_all_files_and_go_when_mended() {
    let mut editor = Editor::begun(&generate(1, None), "");
    let text = editor.text(SITE);
    editor.open(SITE, &text);
    let at = place(&text, "profile: court");
    editor.edit(SITE, 2, (at.0, 9), (at.0, 14), "cuort");
    editor.wait_for("an unknown profile", |editor| !editor.found(SITE).is_empty());
    let found = editor.found(SITE);
    assert_eq!(found[0]["code"], "L201 unknown-profile", "{found:?}");
    assert_eq!(
        found[0]["range"],
        json!({ "start": { "line": at.0, "character": 9 }, "end": { "line": at.0, "character": 14 } })
    );
    editor.edit(SITE, 3, (at.0, 9), (at.0, 14), "court");
    editor.wait_for("nothing", |editor| editor.all_found() == 0);

    // What is common is wrong in every file that uses it.
    let estate = editor.text("estate.yaml");
    editor.open("estate.yaml", &estate);
    let at = place(&estate, "  court:\n");
    editor.edit("estate.yaml", 2, (at.0, 2), (at.0, 7), "assize");
    let is_everywhere = |editor: &Editor| editor.all_found() > 40 && !editor.found(SITE).is_empty();
    editor.wait_for("findings in many files", is_everywhere);
    assert_eq!(editor.found(SITE).len(), 1);
    editor.edit("estate.yaml", 3, (at.0, 2), (at.0, 8), "court");
    editor.wait_for("nothing", |editor| editor.all_found() == 0);

    // Two files that disagree are both told of; unsaved text is forgotten when it is closed.
    let other = "wales/FITS-0041.yaml";
    let at = place(&text, "FITS-0042\n");
    editor.edit(SITE, 4, at, (at.0, at.1 + 9), "FITS-0041");
    editor.wait_for("a site twice", |editor| editor.all_found() > 0);
    let told = [editor.found(SITE), editor.found(other)].concat();
    assert!(
        told.iter().any(|found| found["relatedInformation"][0]["location"]["uri"].is_string()),
        "{told:?}"
    );
    let document = json!({ "uri": editor.uri(SITE) });
    editor.tell("textDocument/didClose", json!({ "textDocument": document }));
    editor.wait_for("nothing", |editor| editor.all_found() == 0);
    editor.end();
}

#[test]
fn an_editor_is_told_what_things_are_and_where() {
    let mut editor = Editor::begun(&generate(1, None), "sites/wales");
    let text = editor.text(SITE);
    editor.open(SITE, &text);
    let at = place(&text, "10.42.10.0/24");
    let hover = editor.at("textDocument/hover", SITE, at);
    let told = hover["contents"]["value"].as_str().expect("Markdown").to_owned();
    for line in [
        "256 addresses",
        "- lease default: `24h`, by profile `court` (sites/estate.yaml:",
        "- option routers: `[10.42.10.1]`, by the subnet (sites/wales/FITS-0042.yaml:",
        "- option ntp-servers: `[10.255.0.123]`, by the estate (sites/estate.yaml:",
    ] {
        let line = line.replace("sites/", "");
        let told = told.replace("sites/", "");
        assert!(told.contains(&line), "{line} is not in {told}");
    }
    let at = place(&text, "court\n");
    let defined = editor.at("textDocument/definition", SITE, at);
    let estate = editor.text("estate.yaml");
    assert_eq!(defined[0]["uri"], editor.uri("estate.yaml"));
    assert_eq!(defined[0]["range"]["start"]["line"], place(&estate, "  court:\n").0);
    let used = editor.at("textDocument/references", SITE, at);
    let sites = generate(1, None).iter().filter(|(_, text)| text.contains("\nprofile: court\n")).count();
    assert_eq!(used.as_array().map(Vec::len), Some(sites + 1));
    let class = place(&text, "only: [voip]");
    let used = editor.at("textDocument/references", SITE, (class.0, class.1 + 8));
    assert!(used.as_array().expect("a list").len() > 1);

    let offered = editor.at("textDocument/completion", SITE, at);
    let labels: Vec<&str> =
        offered.as_array().expect("a list").iter().filter_map(|item| item["label"].as_str()).collect();
    assert_eq!(labels, ["campus", "court-centre", "court", "office", "depot"]);
    let networks = place(&text, "networks:");
    editor.edit(SITE, 2, networks, networks, "aut\n");
    let offered = editor.at("textDocument/completion", SITE, (networks.0, 3));
    let authoritative =
        offered.as_array().expect("a list").iter().find(|item| item["label"] == "authoritative").cloned();
    let authoritative = authoritative.expect("a key that may stand here is offered");
    assert!(
        authoritative["documentation"]["value"].as_str().is_some_and(|text| text.contains("NAK")),
        "{authoritative}"
    );
    assert_eq!(authoritative["textEdit"]["newText"], "authoritative: ${1|true,false|}");
    editor.end();
}

#[test]
fn mends_and_formatting_are_those_of_the_commands() {
    let mut editor = Editor::begun(&generate(1, None), "");
    // Columns count as editors do, behind characters of several units.
    let text =
        "version: 1\nsite: NEW # 😀\nnetworks:\n  - {name: \"é😀\", subnets: [{subnett: 10.200.0.0/24}]}\n";
    let path = "wales/new.yaml";
    editor.open(path, text);
    editor.wait_for("a misspelt key", |editor| !editor.found(path).is_empty());
    let found = editor.found(path);
    let at = place(text, "subnett");
    let misspelt =
        found.iter().find(|found| found["code"] == "L003 unknown-key").unwrap_or_else(|| panic!("{found:?}"));
    assert_eq!(misspelt["range"]["start"], json!({ "line": at.0, "character": at.1 }));
    let document = json!({ "uri": editor.uri(path) });
    let params =
        json!({ "textDocument": document, "range": misspelt["range"], "context": { "diagnostics": [] } });
    let actions = editor.ask("textDocument/codeAction", params.clone())["result"].clone();
    let action = &actions[0];
    assert_eq!(
        (action["kind"].as_str(), action["isPreferred"].as_bool()),
        (Some("quickfix"), Some(true)),
        "{actions}"
    );
    let edits = action["edit"]["changes"][editor.uri(path)].as_array().cloned().expect("edits of this file");
    assert_eq!(edits[0]["newText"], "subnet");
    let mut all = params;
    all["context"]["only"] = json!(["source.fixAll"]);
    let actions = editor.ask("textDocument/codeAction", all)["result"].clone();
    assert_eq!(actions.as_array().map(Vec::len), Some(1), "{actions}");
    editor.edit(path, 2, at, (at.0, at.1 + 7), "subnet");
    editor.wait_for("no misspelt key", |editor| {
        editor.found(path).iter().all(|found| found["code"] != "L003 unknown-key")
    });

    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let answer =
        editor.ask("textDocument/formatting", json!({ "textDocument": document, "options": options }));
    let edits = answer["result"].as_array().cloned().expect("edits");
    assert_eq!(edits.len(), 1, "{answer}");
    assert_eq!(edits[0]["range"]["start"], json!({ "line": 3, "character": 0 }));
    assert_eq!(edits[0]["newText"], "  - name: \"é😀\"\n    subnets:\n      - subnet: 10.200.0.0/24\n");
    editor.end();
}

#[test]
fn files_that_change_on_disk_are_seen() {
    let mut editor = Editor::begun(&generate(1, None), "");
    let asked = editor.next();
    assert_eq!(asked["method"], "client/registerCapability");
    let path = editor.folder.path().join("sites").join(SITE);
    let text = editor.text(SITE);
    fs::write(&path, text.replace("profile: court\n", "profile: cuort\n")).expect("a temporary file");
    let change = json!({ "uri": editor.uri(SITE), "type": 2 });
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [change] }));
    editor.wait_for("an unknown profile", |editor| !editor.found(SITE).is_empty());
    fs::remove_file(&path).expect("a temporary file");
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
    editor.wait_for("nothing", |editor| editor.all_found() == 0);
    editor.end();
}

#[test]
fn what_is_no_estate_is_left_alone() {
    let mut editor = Editor::begun(&[], "");
    let elsewhere = "../workflow.yaml";
    editor.open(elsewhere, "on: push\n");
    assert_eq!(editor.at("textDocument/hover", elsewhere, (0, 0)), Value::Null);
    assert_eq!(editor.at("textDocument/completion", elsewhere, (0, 0)), json!([]));
    // An estate that is only in the editor yet is one.
    editor.open("estate.yaml", "version: 1\nestat: x\n");
    editor.wait_for("a misspelt key", |editor| editor.all_found() > 0);
    assert_eq!(editor.published.len(), 1, "{:?}", editor.published);
    editor.end();
}

#[test]
fn nonsense_is_answered_and_survived() {
    let mut editor = Editor::start();
    assert_eq!(editor.ask("textDocument/hover", json!({}))["error"]["code"], -32002, "before initialize");
    let root = format!("file://{}", editor.folder.path().display());
    editor.ask("initialize", json!({ "processId": null, "rootUri": root, "capabilities": {} }));
    assert_eq!(editor.ask("initialize", json!({}))["error"]["code"], -32600);
    editor.tell("initialized", json!({}));
    for nonsense in [
        "Content-Length: 9\r\n\r\n{not json",
        "Nonsense\r\n\r\n",
        "Content-Length: 2\r\n\r\n[]",
        "Content-Length: 99999999x\r\n\r\n",
    ] {
        editor.write(nonsense.as_bytes());
        loop {
            let message = editor.next();
            if message.get("method").is_none() {
                assert_eq!(
                    (&message["id"], &message["error"]["code"]),
                    (&Value::Null, &json!(-32700)),
                    "{message}"
                );
                break;
            }
        }
    }
    assert_eq!(editor.ask("textDocument/nonsense", json!({}))["error"]["code"], -32601);
    assert_eq!(editor.ask("textDocument/hover", json!({ "position": 7 }))["error"]["code"], -32602);
    editor.tell("textDocument/didChange", json!({ "textDocument": 3 }));
    editor.tell("$/whatever", json!([1]));
    editor.edit("nowhere.yaml", 9, (7, 7), (1, 1), "x");
    // Whoever cancels is answered once, with or without an answer.
    let document = json!({ "uri": editor.uri(SITE) });
    let params = json!({ "textDocument": document, "position": { "line": 99_999, "character": 99_999 } });
    editor.send(&json!({ "jsonrpc": "2.0", "id": "c", "method": "textDocument/hover", "params": params }));
    editor.tell("$/cancelRequest", json!({ "id": "c" }));
    let mut answers = 0;
    editor.asked += 1;
    let last = editor.asked;
    editor.send(&json!({ "jsonrpc": "2.0", "id": last, "method": "shutdown" }));
    loop {
        let message = editor.next();
        answers += usize::from(message["id"] == "c");
        if message["id"] == last {
            break;
        }
    }
    assert_eq!(answers, 1);
}

#[test]
fn who_leaves_without_a_word_is_told_by_the_exit_code() {
    let mut editor = Editor::begun(&[], "");
    editor.tell("exit", Value::Null);
    assert_eq!(editor.server.wait().expect("the server ends").code(), Some(1));
    let mut editor = Editor::begun(&[], "");
    drop(editor.server.stdin.take());
    assert_eq!(editor.server.wait().expect("the server ends").code(), Some(1));
}

#[test]
fn a_file_is_typed_letter_by_letter() {
    let estate =
        "version: 1\nestate: example\nclasses:\n  - {name: voip, options: {domain-name: x.example}}\n";
    let site = "version: 1\nsite: A # é😀\nnetworks:\n  - name: \"user\"\n    subnets:\n      - subnet: 10.42.8.0/23\n        pools:\n          \
                - {range: 10.42.8.20 - 10.42.8.30, only: [voip]}\n        options: {routers: [10.42.8.1]}\n        reservations:\n          \
                - {mac: \"52:54:00:12:34:56\", ip: 10.42.8.10, classes: [voip]}\n";
    let mut editor = Editor::begun(&[("estate.yaml".to_owned(), estate.to_owned())], "");
    let path = "a.yaml";
    editor.open(path, "");
    let mut at = (0, 0);
    for (version, c) in (2..).zip(site.chars()) {
        editor.edit(path, version, at, at, &c.to_string());
        at = if c == '\n' { (at.0 + 1, 0) } else { (at.0, at.1 + c.len_utf16()) };
        for method in ["textDocument/completion", "textDocument/hover"] {
            editor.at(method, path, at);
        }
    }
    editor.wait_for("nothing", |editor| editor.all_found() == 0 && !editor.published.is_empty());
    editor.end();
}
