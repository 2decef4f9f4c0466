package httpserver

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/true-and-useful/janee/cmd/janee/internal/mcpserver"
)

// handler is the chain that every request goes through, outermost first. A refusal is a status and
// a few fixed words, so that a stranger learns only that something listens here.
func (s *Server) handler() http.Handler {
	tools := s.origin(methods(jsonOnly(bodyCap(s.token(s.serve)))))
	return s.safe(s.host(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path { // http.ServeMux would answer //mcp and the like with a redirect
		case "/mcp", "/":
			tools.ServeHTTP(w, r)
		case "/healthz":
			health(w, r, "ok", nil)
		case "/readyz":
			health(w, r, "ready", s.options.Ready)
		default:
			refuse(w, http.StatusNotFound, "nothing here")
		}
	})))
}

// health says that the process answers or, if ready is given, that the present configuration is in
// force. It says nothing else, because anyone may ask.
func health(w http.ResponseWriter, r *http.Request, well string, ready func() bool) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "use GET")
		return
	}
	if ready != nil && !ready() {
		refuse(w, http.StatusServiceUnavailable, "not "+well)
		return
	}
	_, _ = w.Write([]byte(well + "\n"))
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Connection", "close") // the rest of the body is not read
	http.Error(w, text, status)
}

// safe gives the request an id and deadlines, and logs a panic without its value, which may hold
// anything. net/http has no deadline for a body that the handler does not read, so without the
// deadline here a client could hold it open forever.
func (s *Server) safe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := requestID()
		defer func() {
			if recover() != nil {
				s.options.Log("panic in HTTP request " + id)
				w.Header().Set("Connection", "close")
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now().Add(s.patience))
		// twice as long, so that a body that comes too late still gets an answer
		_ = control.SetWriteDeadline(time.Now().Add(2 * s.patience))
		h := w.Header()
		h.Set("X-Request-Id", id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func requestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: see crypto/rand
	return hex.EncodeToString(b[:])
}

// host refuses names that are not this server's. A web page can point its own name at 127.0.0.1
// (DNS rebinding) and then has the same origin as the server; only the name in Host gives it away.
func (s *Server) host(next http.Handler) http.Handler {
	enforced := s.options.EnforceHosts || len(s.options.AllowedHosts) > 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if enforced && !s.hosts.allow(r.Host) {
			refuse(w, http.StatusForbidden, "host not allowed")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// origin refuses web pages from elsewhere (MCP, Transports: servers MUST validate Origin). Clients
// other than browsers send no Origin.
func (s *Server) origin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origins := r.Header.Values("Origin")
		if len(origins) > 1 || len(origins) == 1 && !s.hosts.allowOrigin(origins[0]) {
			refuse(w, http.StatusForbidden, "origin not allowed")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func methods(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost, http.MethodGet, http.MethodDelete:
			next.ServeHTTP(w, r)
		default:
			w.Header().Set("Allow", "GET, POST, DELETE")
			refuse(w, http.StatusMethodNotAllowed, "use POST, GET or DELETE")
		}
	})
}

// jsonOnly also keeps out forms and plain text, which browsers send to other origins without a
// preflight request.
func jsonOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			types := r.Header.Values("Content-Type")
			if len(types) != 1 || !isJSON(types[0]) || r.Header.Get("Content-Encoding") != "" {
				refuse(w, http.StatusUnsupportedMediaType, "the body must be application/json")
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func isJSON(contentType string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	charset := params["charset"]
	return err == nil && media == "application/json" &&
		(charset == "" || strings.EqualFold(charset, "utf-8"))
}

// bodyCap refuses a body that is declared too large before reading any of it, and cuts off one that
// turns out to be.
func bodyCap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > maxBody {
			tooLarge(w)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

func tooLarge(w http.ResponseWriter) {
	refuse(w, http.StatusRequestEntityTooLarge, "the body may be 4 MiB at most")
}

// token authenticates the caller. Whatever is wrong with a token, the answer is the same.
func (s *Server) token(
	next func(http.ResponseWriter, *http.Request, mcpserver.Principal),
) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := bearer(r.Header.Values("Authorization"))
		var from mcpserver.Principal
		if ok {
			from.Agent, ok = s.options.Tokens.Agent(token)
		}
		if !ok {
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.Header().Set("Connection", "close")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		from.Token = sha256.Sum256([]byte(token))
		next(w, r, from)
	})
}

// bearer reads the token of RFC 6750 §2.1. Two Authorization fields count as none, because the
// caller must be beyond doubt.
func bearer(fields []string) (token string, ok bool) {
	if len(fields) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(fields[0], " ")
	token = strings.TrimLeft(token, " ")
	return token, ok && token != "" && strings.EqualFold(scheme, "Bearer")
}
